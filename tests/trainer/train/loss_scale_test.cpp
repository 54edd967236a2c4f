#include "trainer/train/loss_scale.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "parallel/local_group.h"

namespace genesis::trainer {
namespace {

constexpr PrecisionPlan kFp16{.parameters = DType::f32, .autocast = true, .compute = DType::f16};
std::string name() { return "the gradient of embed.weight is not finite"; }

TEST(LossScale, AResumedRunGoesOnWithTheSameScale) {
  const auto ranks = parallel::solo_communicator();
  LossScale one(kFp16, *ranks), other(kFp16, *ranks);
  for (const bool finite : {true, false, true, true}) one.agree(finite, 1, name);
  TrainState state;
  one.store(state);
  ASSERT_TRUE(state.grad_scale);
  EXPECT_EQ(*state.grad_scale, 32768);
  EXPECT_EQ(state.grad_scale_good_steps, 2);
  const TrainState read = parse_train_state(write_train_state(state), "state.json");
  other.restore(read);
  EXPECT_EQ(other.scale(), one.scale());
  for (int i = 0; i < 1998; ++i) {
    one.agree(true, 1, name);
    other.agree(true, 1, name);
  }
  EXPECT_EQ(one.scale(), 65536) << "2000 good steps double it";
  EXPECT_EQ(other.scale(), one.scale());
}

TEST(LossScale, OfAnotherPrecisionStaysOutOfTheWay) {
  const auto ranks = parallel::solo_communicator();
  LossScale off({}, *ranks), on(kFp16, *ranks);
  TrainState state;
  off.store(state);
  EXPECT_FALSE(state.grad_scale);
  on.restore(state);  // a checkpoint without one
  EXPECT_EQ(on.scale(), 65536);
  state.grad_scale = 8;
  off.restore(state);
  EXPECT_EQ(off.scale(), 1);
}

TEST(LossScale, TheFloorNamesTheFirstBadTensor) {
  const auto ranks = parallel::solo_communicator();
  LossScale scale(kFp16, *ranks);
  try {
    for (int64_t step = 1; step < 100; ++step) scale.agree(false, step, name);
    ADD_FAILURE() << "it never stopped";
  } catch (const NumericsError& e) {
    EXPECT_NE(std::string(e.what()).find("embed.weight"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace genesis::trainer
