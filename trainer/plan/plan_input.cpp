#include "trainer/plan/plan_input.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/config/tensor_split.h"
#include "trainer/config/batch.h"
#include "trainer/train/mesh_setup.h"
#include "trainer/train/recompute_setup.h"

namespace genesis::trainer {

parallel::GradientReductionOptions PlanInput::reduction() const {
  return {.scatter = zero_stage >= 1,
          .dtype = reduce_dtype,
          .op = in_sample_order ? parallel::ReduceOp::tree_sum : parallel::ReduceOp::sum};
}

parallel::RowOverlap PlanInput::row_overlap() const {
  return trainer::row_overlap(tensor_parallel_overlap, device, tensor_parallel <= ranks_per_node);
}

int64_t PlanInput::recomputed_layers() const {
  if (checkpointing == GradientCheckpointing::none) return 0;
  return checkpointing_layers < 0 ? model.n_layer : std::min(checkpointing_layers, model.n_layer);
}

models::Recompute PlanInput::recompute(int64_t layer) const {
  const models::Recompute what =
      recompute_of(layer < recomputed_layers() ? checkpointing : checkpointing_rest);
  return what == models::Recompute::feed_forward && sequence_parallel ? models::Recompute::activation : what;
}

std::string PlanInput::recompute_text() const {
  const std::string policy(spelling_of(checkpointing));
  if (checkpointing_layers < 0) return policy;
  const std::string first = fmt::format("{} in {} of {} blocks", policy, recomputed_layers(), model.n_layer);
  if (checkpointing_rest == GradientCheckpointing::none) return first;
  return fmt::format("{}, {} in the rest", first, spelling_of(checkpointing_rest));
}

PlanInput plan_input(const TrainConfig& config, const models::QwenConfig& model, int ranks) {
  const BatchPlan batch = plan_batch(config, ranks);
  PlanInput in;
  in.model = model.resolved();
  in.precision = config.precision;
  in.checkpointing = config.gradient_checkpointing;  // `fit` is for the caller to resolve
  in.checkpointing_layers = config.gradient_checkpointing_layers;
  in.checkpointing_rest = config.gradient_checkpointing_rest;
  in.zero_stage = config.zero_stage;
  in.bucket_bytes = int64_t(config.ddp_bucket_cap_mb * double(1 << 20));
  in.reduce_dtype = config.gradient_reduce_dtype == GradientDType::bf16 ? DType::bf16 : DType::f32;
  in.gradient_dtype = config.gradient_dtype == GradientDType::bf16 ? DType::bf16 : DType::f32;
  in.offload_optimizer = config.offload_optimizer;
  in.master_weights = config.master_weights;
  in.in_sample_order = config.deterministic == Deterministic::full;
  in.ranks = ranks;
  in.tensor_parallel = int(config.tensor_parallel_size);
  in.sequence_parallel = config.sequence_parallel && in.tensor_parallel > 1;
  in.tensor_parallel_overlap = config.tensor_parallel_overlap;
  in.rows = batch.per_device;
  in.accumulation = batch.accumulation;
  in.row_tokens = config.max_seq_len;
  models::check_tensor_split(in.model, in.tensor_parallel);
  return in;
}

}  // namespace genesis::trainer
