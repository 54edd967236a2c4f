#pragma once
#include <cstdint>

#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// How the rows of one optimizer step are cut:
///   global = per_device * accumulation * data_parallel_size
struct BatchPlan {
  int64_t per_device = 1;
  int64_t accumulation = 1;
  int64_t global = 1;
};

/// Fills in the batch keys that were not given. With one or none given, per_device and accumulation are 1
/// where free. Errors: ConfigError when the ranks are not a multiple of tensor_parallel_size, or the given
/// keys do not fit them.
BatchPlan plan_batch(const TrainConfig& config, int ranks);

}  // namespace genesis::trainer
