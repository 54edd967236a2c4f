#pragma once
#include <cstdint>
#include <optional>

#include "trainer/config/choices.h"

namespace genesis::trainer {

/// The model keys of a YAML file, as given: a model from scratch, or changes to the YAML that
/// model_name_or_path names. What is absent takes the architecture's own default.
struct ModelSection {
  std::optional<QwenFamily> model_type;
  std::optional<int64_t> vocab_size;
  std::optional<int64_t> hidden_size;
  std::optional<int64_t> num_hidden_layers;
  std::optional<int64_t> num_attention_heads;
  std::optional<int64_t> num_key_value_heads;
  std::optional<int64_t> head_dim;
  std::optional<int64_t> hidden_dim;  ///< width of the SwiGLU layer, whatever the architecture
  std::optional<int64_t>
      intermediate_size;  ///< as config.json writes it: twice the width when model_type is qwen
  std::optional<int64_t> max_position_embeddings;
  std::optional<int64_t> seq_length;  ///< training length in the NTK and logn formulas of Qwen-1
  std::optional<double> rope_theta;
  std::optional<bool> rope_interleaved;
  std::optional<double> rms_norm_eps;
  std::optional<bool> tie_word_embeddings;
  std::optional<bool> qkv_bias;
  std::optional<bool> bias;
  std::optional<bool> use_qk_norm;
  std::optional<double> attn_dropout_prob;
  std::optional<double> emb_dropout_prob;
  std::optional<double> initializer_range;
  std::optional<bool> use_dynamic_ntk;
  std::optional<bool> use_logn_attn;

  bool operator==(const ModelSection&) const = default;
  bool empty() const { return *this == ModelSection{}; }
};

}  // namespace genesis::trainer
