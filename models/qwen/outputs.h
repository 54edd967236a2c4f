#pragma once
#include <vector>

#include "autograd/tensor.h"

namespace genesis::models {

/// What a forward pass gives beside logits, in the words of Hugging Face's models.
struct OutputOptions {
  bool return_attention = false;
  bool return_hidden_states = false;
};

/// Outputs for looking at. Values are copies that stay; no gradient is recorded.
struct ModelOutputs {
  Tensor logits;                      ///< [B, T, V]
  std::vector<Tensor> hidden_states;  ///< after the embedding and after each block: [layers + 1] of [B, T, H]
  std::vector<Tensor> attentions;     ///< probabilities: [layers] of [B, A, T, T], f32 (f64 for f64)
};

}  // namespace genesis::models
