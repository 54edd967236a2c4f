#include "trainer/train/optimizer_setup.h"

namespace genesis::trainer {
namespace {

/// Under bf16-mixed the forward pass reads matrices in bf16 alone, and norms in f32: only masters need more.
/// They are apart from the weights where that saves memory; elsewhere the f32 value is both.
std::function<DType(const Tensor&)> kept_as(const TrainConfig& c) {
  if (c.precision != Precision::bf16_mixed) return {};
  const bool apart = c.zero_stage >= 1 || c.master_weights == MasterForm::split;
  return [apart, away = c.offload_optimizer](const Tensor& p) {
    const bool narrow = apart || (away && p.device() == Device::cuda);
    return narrow && p.ndim() == 2 ? DType::bf16 : p.dtype();
  };
}

}  // namespace

optim::AdamWOptions adamw_options(const TrainConfig& c) {
  return {.lr = c.learning_rate,
          .weight_decay = c.weight_decay,
          .beta1 = c.adam_beta1,
          .beta2 = c.adam_beta2,
          .eps = c.adam_epsilon,
          .decay_on = c.weight_decay_on,
          .rounding_seed = uint64_t(c.seed),
          .masters = c.master_weights,
          .offload = c.offload_optimizer};
}

parallel::DataParallelOptions data_parallel_options(const TrainConfig& c) {
  return {.bucket_bytes = int64_t(c.ddp_bucket_cap_mb * double(1 << 20)),
          .narrow_gradients = c.gradient_dtype == GradientDType::bf16,
          .reduction = {.scatter = c.zero_stage >= 1,
                        .dtype = c.gradient_reduce_dtype == GradientDType::bf16 ? DType::bf16 : DType::f32,
                        .op = c.deterministic == Deterministic::full ? parallel::ReduceOp::tree_sum
                                                                     : parallel::ReduceOp::sum},
          .kept_as = kept_as(c)};
}

}  // namespace genesis::trainer
