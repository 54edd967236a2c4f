#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/core/dtype.h"

namespace genesis::models {

/// The dense Qwen architectures; one model class serves all of them by the switches below.
///   qwen1   Qwen-1, QWenLMHeadModel: q/k/v bias, fused c_attn, dynamic NTK and logn at inference
///   qwen15  Qwen1.5, Qwen2, Qwen2.5, Qwen2ForCausalLM: q/k/v bias, KV heads may be fewer than query heads
///   qwen3   Qwen3ForCausalLM: no q/k/v bias, RMSNorm of each query and key head, head_dim of its own
enum class QwenFamily { qwen1, qwen15, qwen3 };

std::string_view name_of(QwenFamily family);

/// Shape and switches of a Qwen model. An aggregate, so that it reads like a table:
///   QwenConfig config{.vocab_size = 32000, .n_layer = 24, .n_head = 16, .n_embd = 2048, .max_seq_len =
///   2048};
/// Fields left out take the defaults below; 0 and an empty optional mean "follows from the others", and
/// resolved() says how. The defaults are those of a model made by hand (dropout 0.1); configs that are read
/// from a file start from what the released models have (dropout 0).
struct QwenConfig {
  int64_t vocab_size = 32000;  ///< rows of embedding and head, padding rows included
  int64_t n_layer = 24;        ///< blocks
  int64_t n_head = 16;         ///< query heads
  int64_t n_embd = 2048;       ///< width of the residual stream
  int64_t max_seq_len = 2048;  ///< longest context
  double dropout = 0.1;        ///< after the embedding, in training
  bool bias = false;           ///< bias of the output projection and the MLP (never of q/k/v: qkv_bias)
  QwenFamily family = QwenFamily::qwen1;
  int64_t n_kv_head = 0;              ///< key and value heads; 0: n_head
  int64_t head_dim = 0;               ///< 0: n_embd / n_head
  int64_t intermediate_size = 0;      ///< width F of one SwiGLU branch, never the doubled figure of Qwen-1's
                                      ///< config.json; 0: 8/3 n_embd, rounded up to a multiple of 128
  std::optional<bool> qkv_bias = {};  ///< by default true for qwen1 and qwen15, false for qwen3
  std::optional<bool> qk_norm = {};   ///< by default true for qwen3 only
  bool tie_word_embeddings = false;   ///< the head uses the embedding's matrix
  double rope_base = 0;               ///< 0: 10,000 for qwen1, 1,000,000 otherwise
  bool rope_interleaved =
      false;  ///< an experiment: dimensions 2i and 2i + 1 turn together, not i and i + d/2
  double norm_eps = 1e-6;
  int64_t seq_length = 0;        ///< training length S in the NTK and logn formulas; 0: max_seq_len
  bool use_dynamic_ntk = false;  ///< stretch the rotary base for prompts beyond seq_length (inference only)
  bool use_logn_attn = false;    ///< scale queries beyond seq_length (inference only)
  double attention_dropout = 0;  ///< of attention probabilities, in training
  double initializer_range = 0.02;
  std::optional<DType> dtype = {};  ///< of the stored weights, where a file says it

  bool operator==(const QwenConfig&) const = default;

  /// A checked copy in which every field says its own value.
  /// Errors: ConfigError naming field and value.
  QwenConfig resolved() const;

  /// Reads a model folder's config.json (or that file): Qwen-1 with its old and new key names, Qwen1.5/2,
  /// Qwen3. Errors: ConfigError naming file, key and value; also for what Genesis would compute wrongly (rope
  /// scaling, sliding windows, other activations, quantised weights).
  static QwenConfig from_json(const std::filesystem::path& path);
  /// Reads a flat YAML file of model keys; see model_keys.h for the names. Errors: ConfigError "file:line:
  /// …".
  static QwenConfig from_yaml(const std::filesystem::path& path);
};

/// Why no code but Genesis computes this model, "it has rope_interleaved", or nothing: switches set by hand
/// that none of the released families combines. Such a model is trained, saved and read back here (model_type
/// "genesis_qwen" in its config.json) and cannot be exported.
std::string experimental_reason(const QwenConfig& config);

/// Number of parameters; a tied matrix counts once.
///   V H (1 or 2) + L (H A d + 2 H K d + A d H + q/k/v bias + 3 H F + 2 H + 2 d if qk_norm + other biases) +
///   H
int64_t parameter_count(const QwenConfig& config);

}  // namespace genesis::models
