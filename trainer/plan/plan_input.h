#pragma once
#include <cstdint>
#include <string>

#include "models/config/qwen_config.h"
#include "models/qwen/recompute.h"
#include "parallel/data_parallel.h"
#include "parallel/tensor_parallel.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// A training run as far as its memory and time follow from it.
struct PlanInput {
  models::QwenConfig model;  ///< resolved
  Precision precision = Precision::fp32;
  Device device = Device::cpu;
  GradientCheckpointing checkpointing = GradientCheckpointing::none;       ///< never fit
  int64_t checkpointing_layers = -1;                                       ///< the first blocks; -1: all
  GradientCheckpointing checkpointing_rest = GradientCheckpointing::none;  ///< of the other blocks
  int64_t zero_stage = 0;
  int64_t bucket_bytes = int64_t{8} << 20;
  DType reduce_dtype = DType::f32;
  DType gradient_dtype = DType::f32;  ///< of bf16 parameters
  bool offload_optimizer = false;
  MasterForm master_weights = MasterForm::f32;
  bool in_sample_order = false;  ///< deterministic: full
  int ranks = 1;
  int tensor_parallel = 1;
  bool sequence_parallel = false;
  int64_t tensor_parallel_overlap = -1;
  int ranks_per_node = 1 << 20;
  int64_t rows = 1;          ///< of a micro-batch of one rank
  int64_t accumulation = 1;  ///< micro-batches of a step
  int64_t row_tokens = 2048;
  int64_t supervised = -1;  ///< tokens with loss in a micro-batch; -1: all that can have one

  int data_parallel() const { return ranks / tensor_parallel; }
  /// Tokens of one forward pass; one row at a time in sample order.
  int64_t tokens() const { return (in_sample_order ? 1 : rows) * row_tokens; }
  int64_t forward_passes() const { return accumulation * (in_sample_order ? rows : 1); }
  int64_t step_rows() const { return rows * accumulation * data_parallel(); }
  int64_t step_tokens() const { return step_rows() * row_tokens; }
  int64_t supervised_tokens() const {
    return supervised >= 0 ? supervised : tokens() - tokens() / row_tokens;
  }
  DType parameter_dtype() const { return precision == Precision::bf16_true ? DType::bf16 : DType::f32; }
  /// Of activations and matrix operands.
  DType compute_dtype() const { return precision == Precision::fp32 ? DType::f32 : DType::bf16; }
  parallel::GradientReductionOptions reduction() const;
  parallel::RowOverlap row_overlap() const;
  /// Blocks the policy applies to, and what it does to block `layer`. Ranks that share the rows keep gate and
  /// up.
  int64_t recomputed_layers() const;
  models::Recompute recompute(int64_t layer) const;
  /// "feed_forward in 20 of 32 blocks, selective in the rest"
  std::string recompute_text() const;
};

/// What a config comes to on `ranks` ranks; every row counts max_seq_len tokens.
/// Errors: ConfigError when ranks, tensor_parallel_size and the batch keys do not fit, naming them.
PlanInput plan_input(const TrainConfig& config, const models::QwenConfig& model, int ranks);

}  // namespace genesis::trainer
