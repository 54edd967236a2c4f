#pragma once
#include <string>
#include <vector>

#include "kernels/core/shape.h"
#include "models/config/qwen_config.h"
#include "parallel/shard.h"
#include "parallel/tensor_parallel.h"

namespace genesis::models {

/// A parameter of the model on one rank: its name inside Genesis, its shape there, and which part of the
/// whole parameter that is (shard.global: the shape of the whole).
struct ParameterSpec {
  std::string name;
  Shape shape;
  parallel::Shard shard;
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
///
/// On a rank of a tensor-parallel group, of each of the following its share, in the same order of rows:
///   embed, head           rows (tokens), shared out as evenly as whole rows allow: no padding
///   attention.qkv         rows, whole heads of q, of k and of v; fewer KV heads than ranks: a replica
///   mlp.gate_up           rows of each of the two branches
///   attention.out, mlp.down   columns
///   norms, their biases   all of it, on every rank
/// Errors: ConfigError when the model cannot be split like that (check_tensor_split).
std::vector<ParameterSpec> parameter_layout(const QwenConfig& config,
                                            const parallel::TensorSplit& split = {});

/// The blocks of rows of the fused projections, for parallel::stacked_rows.
std::vector<parallel::RowBlock> qkv_blocks(const QwenConfig& config);
std::vector<parallel::RowBlock> gate_up_blocks(const QwenConfig& config);

}  // namespace genesis::models
