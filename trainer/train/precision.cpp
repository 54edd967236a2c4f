#include "trainer/train/precision.h"

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

}  // namespace genesis::trainer
