#include "trainer/train/optimizer_setup.h"

namespace genesis::trainer {

optim::AdamWOptions adamw_options(const TrainConfig& c) {
  return {.lr = c.learning_rate,
          .weight_decay = c.weight_decay,
          .beta1 = c.adam_beta1,
          .beta2 = c.adam_beta2,
          .eps = c.adam_epsilon,
          .decay_on = c.weight_decay_on,
          .rounding_seed = uint64_t(c.seed)};
}

parallel::DataParallelOptions data_parallel_options(const TrainConfig& c) {
  return {
      .bucket_bytes = int64_t(c.ddp_bucket_cap_mb * double(1 << 20)),
      .reduction = {.scatter = c.zero_stage >= 1,
                    .dtype = c.gradient_reduce_dtype == GradientReduceDType::bf16 ? DType::bf16 : DType::f32},
      .gathered_as = {}};
}

}  // namespace genesis::trainer
