#include "trainer/train/precision.h"

#include "kernels/core/log.h"
#include "kernels/tf32.h"

namespace genesis::trainer {

PrecisionPlan precision_plan(Precision precision, Device device) {
  switch (precision) {
    case Precision::fp32:
      return {};
    case Precision::bf16_mixed:
      return {.parameters = DType::f32, .autocast = true, .compute = DType::bf16};
    case Precision::fp16_mixed:
      if (device == Device::cpu)
        throw ConfigError("key 'precision': fp16-mixed needs a GPU; on the CPU use bf16-mixed or fp32");
      return {.parameters = DType::f32, .autocast = true, .compute = DType::f16};
    case Precision::bf16_true:
      break;
  }
  return {.parameters = DType::bf16, .autocast = false, .compute = DType::bf16};
}

void set_tf32(const TrainConfig& config, Device device) {
  const bool f32 = config.precision == Precision::fp32;
  kernels::allow_tf32(config.tf32 && f32 && device == Device::cuda);
  if (!config.tf32) return;
  if (!f32)
    notice("{} has no effect: under {} no product has f32 factors", config.about("tf32"),
           spelling_of(config.precision));
  else if (device == Device::cpu)
    notice("{} has no effect on the CPU: products stay in f32", config.about("tf32"));
}

}  // namespace genesis::trainer
