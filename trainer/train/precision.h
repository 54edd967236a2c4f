#pragma once
#include "kernels/core/device.h"
#include "kernels/core/dtype.h"
#include "trainer/config/choices.h"

namespace genesis::trainer {

/// What a `precision` means for tensors: the dtype parameters are kept in, and the dtype autocast computes
/// in.
struct PrecisionPlan {
  DType parameters = DType::f32;
  bool autocast = false;
  DType compute = DType::f32;
};

/// Errors: ConfigError for fp16-mixed on the CPU, which has no f16 arithmetic.
PrecisionPlan precision_plan(Precision precision, Device device);

}  // namespace genesis::trainer
