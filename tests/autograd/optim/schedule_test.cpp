#include "autograd/optim/schedule.h"

#include <gtest/gtest.h>

namespace genesis::optim {
namespace {

TEST(LrSchedule, WarmsUpFromZeroAndDecaysToTheFloor) {
  const LrSchedule cosine{.type = LrSchedulerType::cosine,
                          .peak = 2.0,
                          .warmup_steps = 4,
                          .total_steps = 12,
                          .min_lr_ratio = 0.1};
  EXPECT_DOUBLE_EQ(cosine.at(0), 0.0);
  EXPECT_DOUBLE_EQ(cosine.at(1), 0.5);
  EXPECT_DOUBLE_EQ(cosine.at(4), 2.0);
  EXPECT_NEAR(cosine.at(8), 1.1, 1e-12);
  EXPECT_NEAR(cosine.at(12), 0.2, 1e-12);
  EXPECT_NEAR(cosine.at(100), 0.2, 1e-12);
}

TEST(LrSchedule, LinearAndConstant) {
  const LrSchedule linear{.type = LrSchedulerType::linear, .peak = 1.0, .warmup_steps = 0, .total_steps = 4};
  EXPECT_DOUBLE_EQ(linear.at(0), 1.0);
  EXPECT_DOUBLE_EQ(linear.at(1), 0.75);
  EXPECT_DOUBLE_EQ(linear.at(4), 0.0);
  const LrSchedule constant{
      .type = LrSchedulerType::constant, .peak = 3.0, .warmup_steps = 2, .total_steps = 4};
  EXPECT_DOUBLE_EQ(constant.at(1), 1.5);
  EXPECT_DOUBLE_EQ(constant.at(100), 3.0);
}

}  // namespace
}  // namespace genesis::optim
