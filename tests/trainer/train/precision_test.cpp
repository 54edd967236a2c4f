#include "trainer/train/precision.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

/// What set_tf32 says of a config.
std::string said(Precision precision, bool tf32, Device device) {
  TrainConfig c;
  c.precision = precision;
  c.tf32 = tf32;
  c.origins.where["tf32"] = "sft.yaml:3";
  testing::internal::CaptureStderr();
  set_tf32(c, device);
  return testing::internal::GetCapturedStderr();
}

TEST(Precision, Tf32SaysWhereItHasNoEffect) {
  EXPECT_EQ(said(Precision::fp32, false, Device::cpu), "");
  EXPECT_EQ(said(Precision::fp32, true, Device::cuda), "");
  EXPECT_NE(said(Precision::fp32, true, Device::cpu).find("sft.yaml:3: key 'tf32' has no effect on the CPU"),
            std::string::npos);
  EXPECT_NE(
      said(Precision::bf16_mixed, true, Device::cuda).find("key 'tf32' has no effect: under bf16-mixed"),
      std::string::npos);
  set_tf32({}, Device::cpu);
}

TEST(Precision, F16NeedsACard) {
  EXPECT_THROW(precision_plan(Precision::fp16_mixed, Device::cpu), ConfigError);
  EXPECT_EQ(precision_plan(Precision::fp16_mixed, Device::cuda).compute, DType::f16);
}

}  // namespace
}  // namespace genesis::trainer
