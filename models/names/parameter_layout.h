#pragma once
#include <string>
#include <vector>

#include "kernels/core/shape.h"
#include "models/config/qwen_config.h"

namespace genesis::models {

/// A parameter of the model: its name inside Genesis and its shape.
struct ParameterSpec {
  std::string name;
  Shape shape;
};

/// Every parameter of QwenModel, in the order of its modules.
///   embed.weight [V, H]
///   layers.N.input_norm.weight [H]
///   layers.N.attention.qkv.weight [(A + 2K) d, H], .bias [(A + 2K) d]     rows: queries, keys, values
///   layers.N.attention.q_norm.weight [d], .k_norm.weight [d]              qk_norm only
///   layers.N.attention.out.weight [H, A d]
///   layers.N.post_norm.weight [H]
///   layers.N.mlp.gate_up.weight [2F, H]                                   rows: the branch inside SiLU, then
///   the other layers.N.mlp.down.weight [H, F] final_norm.weight [H] head.weight [V, H] not when tied
/// Projections that read the same input are one matrix: one product instead of three or two.
std::vector<ParameterSpec> parameter_layout(const QwenConfig& config);

}  // namespace genesis::models
