#include "trainer/config/batch.h"

#include "tests/trainer/config/config_text.h"

namespace genesis::trainer {
namespace {

void expect_plan(const std::string& text, int ranks, int64_t per_device, int64_t accumulation,
                 int64_t global) {
  const auto plan = plan_batch(config_of(text), ranks);
  EXPECT_EQ(plan.per_device, per_device) << text;
  EXPECT_EQ(plan.accumulation, accumulation) << text;
  EXPECT_EQ(plan.global, global) << text;
}

TEST(BatchPlan, TwoKeysGiveTheThird) {
  expect_plan("global_batch_size: 64\nper_device_train_batch_size: 2", 4, 2, 8, 64);
  expect_plan("global_batch_size: 64\ngradient_accumulation_steps: 4", 4, 4, 4, 64);
  expect_plan("per_device_train_batch_size: 3\ngradient_accumulation_steps: 5", 2, 3, 5, 30);
  expect_plan("global_batch_size: 8\nper_device_train_batch_size: 2\ngradient_accumulation_steps: 2", 2, 2, 2,
              8);
}

TEST(BatchPlan, AFreeKeyIsOne) {
  expect_plan("", 4, 1, 1, 4);
  expect_plan("global_batch_size: 64", 4, 1, 16, 64);
  expect_plan("per_device_train_batch_size: 3", 2, 3, 1, 6);
}

TEST(BatchPlan, RanksOfOneModelCopyCountOnce) {
  expect_plan("global_batch_size: 64\nper_device_train_batch_size: 2\ntensor_parallel_size: 2", 4, 2, 16, 64);
  EXPECT_EQ(config_error([] { plan_batch(config_of("tensor_parallel_size: 3"), 4); }),
            "sft.yaml:1: key 'tensor_parallel_size' is 3, which does not divide the 4 ranks of this run");
}

TEST(BatchPlan, WhatDoesNotFitIsAnErrorThatShowsTheProduct) {
  EXPECT_EQ(
      config_error([] { plan_batch(config_of("global_batch_size: 10\nper_device_train_batch_size: 4"), 2); }),
      "sft.yaml:1: key 'global_batch_size' is 10, which is not a multiple of per_device_train_batch_size 4 x "
      "2 "
      "data-parallel ranks = 8");
  const std::string three =
      "per_device_train_batch_size: 2\ngradient_accumulation_steps: 2\nglobal_batch_size: 16";
  EXPECT_EQ(config_error([&] { plan_batch(config_of(three), 2); }),
            "sft.yaml:3: key 'global_batch_size' is 16, but per_device_train_batch_size 2 x "
            "gradient_accumulation_steps 2 "
            "x 2 data-parallel ranks is 8; leave one of the three out");
}

}  // namespace
}  // namespace genesis::trainer
