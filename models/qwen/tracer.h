#pragma once
#include <functional>
#include <string_view>

#include "kernels/core/array.h"

namespace genesis::models {

/// Receives values inside a model as a forward pass makes them, for looking at them and for comparing with a
/// reference.
///   hidden.embed, hidden.N, hidden.norm       [T, H] residual stream after embedding, block N and the final
///   norm layerN.attn_norm, layerN.mlp_norm         [T, H] outputs of the two norms of a block layerN.q,
///   layerN.k, layerN.v              [T, heads, d] after bias, norm and positions layerN.attn_probs [A, L, L]
///   of one text; called once for each text, in order layerN.attn_context                       [T, A d]
///   before the output projection layerN.attn_out, layerN.mlp_out           [T, H]
/// Arrays are views that later operations may overwrite: copy what is kept.
struct Tracer {
  std::function<void(std::string_view name, const Array& value)> value;
  bool attention_probabilities = false;  ///< attn_probs cost L x L numbers a head
};

}  // namespace genesis::models
