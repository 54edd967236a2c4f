#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "autograd/nn/embedding.h"
#include "models/generation/generation_config.h"
#include "models/qwen/block.h"
#include "models/qwen/long_context.h"
#include "models/qwen/weights.h"

namespace genesis::models {

/// A step of cached inference: for each text its next tokens (the whole prompt at first, then one token).
struct CachedStep {
  std::vector<std::vector<int32_t>> tokens;  ///< [texts], none empty
  std::vector<int64_t> slots;                ///< [texts] slot of each text in the cache
  std::vector<double> ntk_alphas;            ///< [texts] rotary factor of each text, chosen from its prompt
};

/// The Qwen language model, for every family: embedding, blocks, final norm, head.
///   QwenModel model(config);
///   Tensor logits = model(genesis::tensor({{1, 2, 3}}));          // [1, 3, vocab_size]
/// In training mode (the default) positions are plain. After eval(), texts longer than the config's
/// seq_length get dynamic NTK and logn where the config has them; that path records no gradient. Determinism:
/// a pure function of parameters and tokens; a text's values do not depend on what it is batched with beyond
/// the rounding of matrix products of another height.
class QwenModel : public nn::Module {
 public:
  /// Parameters of `dtype`, initialised from the seed as in pre-training (models/qwen/initialise.h).
  /// Errors: ConfigError for a config that contradicts itself.
  explicit QwenModel(const QwenConfig& config, DType dtype = DType::f32, uint64_t seed = 42);
  /// A model with the config and weights of a Hugging Face folder.
  /// Errors: ConfigError, CheckpointError naming file, key or tensor.
  static std::unique_ptr<QwenModel> from_folder(const std::filesystem::path& folder,
                                                DType dtype = DType::f32);

  const QwenConfig& config() const { return config_; }
  DType dtype() const { return embed_.weight.dtype(); }

  /// Logits of every position. input_ids [B, T] of integers -> [B, T, V]
  /// Errors: genesis::Error for another shape or an id outside the vocabulary.
  Tensor operator()(const Tensor& input_ids);
  /// The same for a flat batch: [N, V].
  Tensor logits(const TokenBatch& batch) { return head(hidden_states(batch)); }
  /// Output of the final norm, [N, H].
  Tensor hidden_states(const TokenBatch& batch);
  /// hidden W_head^T: [..., H] -> [..., V]
  Tensor head(const Tensor& hidden) const;
  /// The head's matrix [V, H]: the embedding's when tied.
  const Tensor& head_matrix() const { return config_.tie_word_embeddings ? embed_.weight : head_->weight; }

  /// Sum of the losses of the supervised tokens; divide by the supervised tokens of the whole step, or start
  /// backward from that quotient. targets [N] i32: the token that follows, or -100 for none. Logits of the
  /// batch are never held at once. Errors: genesis::Error naming the token when a target is neither -100 nor
  /// in the vocabulary.
  Tensor loss_sum(const TokenBatch& batch, const Array& targets);
  /// The loss of each token, 0 where there is no target: [N], f32 (f64 for f64). No gradient.
  Array token_losses(const TokenBatch& batch, const Array& targets);

  /// Keeps only the input of each block for backward and runs the block again there. Gradients stay
  /// bit-identical.
  void gradient_checkpointing(bool on) { checkpointing_ = on; }
  bool is_gradient_checkpointing() const { return checkpointing_; }
  /// Shows inner values of every forward pass; {} switches it off. Blocks are not checkpointed meanwhile.
  void set_tracer(Tracer tracer) { tracer_ = std::move(tracer); }

  /// Runs the step's tokens behind what the cache holds and returns the logits of each text's last token, f32
  /// [texts, V]. No gradient. Errors: genesis::Error when a slot is full.
  Array next_logits(const CachedStep& step, KvCache& cache);
  /// The rotary factor of a prompt of this length: 1 unless the config has dynamic NTK.
  double ntk_alpha(int64_t prompt_length) const;

  /// See load_weights and save_weights. save() without options: the family's own names, the model's dtype.
  void load(const std::filesystem::path& folder) { load_weights(*this, config_, folder); }
  void save(const std::filesystem::path& folder) const;
  void save(const std::filesystem::path& folder, const SaveOptions& options) const {
    save_weights(*this, config_, folder, options);
  }

  GenerationConfig generation;  ///< of the folder the model came from; greedy where it says nothing

 private:
  struct Uninitialised {};
  QwenModel(const QwenConfig& config, DType dtype, Uninitialised);
  ForwardPass plain_pass(const TokenBatch& batch);
  InferencePass inference_pass(const TokenBatch& batch, const std::vector<double>& alphas);
  bool is_beyond_training_length(const TokenBatch& batch) const;
  Tensor run(const ForwardPass& pass) const;
  Residual run_block(const QwenBlock& block, const Residual& in,
                     const std::shared_ptr<const ForwardPass>& pass) const;

  QwenConfig config_;
  nn::Embedding embed_;
  std::vector<std::unique_ptr<QwenBlock>> blocks_;
  nn::RMSNorm final_norm_;
  std::unique_ptr<nn::Linear> head_;  // null when tied
  kernels::RopeTable table_;
  RotaryTables tables_;
  Tracer tracer_;
  bool checkpointing_ = false;
};

}  // namespace genesis::models
