#pragma once
#include "kernels/core/device.h"
#include "kernels/core/dtype.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// What a `precision` means for tensors: the dtype parameters are kept in, and the dtype autocast computes
/// in.
struct PrecisionPlan {
  DType parameters = DType::f32;
  bool autocast = false;
  DType compute = DType::f32;
};

/// Lets products be rounded to TF32 where the config asks for it and it has an effect: fp32 on a card. Says
/// so where it has none.
void set_tf32(const TrainConfig& config, Device device);

/// Errors: ConfigError for fp16-mixed on the CPU, which has no f16 arithmetic.
PrecisionPlan precision_plan(Precision precision, Device device);

}  // namespace genesis::trainer
