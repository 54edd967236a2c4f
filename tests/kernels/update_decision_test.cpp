#include "kernels/update_decision.h"

#include <cmath>

#include "kernels/core/run.h"
#include "tests/support/update_decision_cases.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(UpdateDecision, ClipsByTheNormOfAllGradients) {
  DecisionCase c;
  c.squares = {9, 0, 16};
  c.max_norm = 2;
  const auto got = c.decide(Device::cpu);
  EXPECT_EQ(got.norm, 5);
  EXPECT_EQ(got.loss, 1.5);
  EXPECT_EQ(got.factor, 2 / (5 + 1e-6));
  EXPECT_EQ(got.made, 1);
  c.max_norm = 6;
  EXPECT_EQ(c.decide(Device::cpu).factor, 1);
  c.max_norm = 0;
  EXPECT_EQ(c.decide(Device::cpu).factor, 1);
}

TEST(UpdateDecision, LeavesOutWhatIsNotFinite) {
  for (const double bad : {double(NAN), double(INFINITY)}) {
    DecisionCase c;
    c.squares[1] = bad;
    EXPECT_EQ(c.decide(Device::cpu).made, 0);
    c = {};
    c.loss_sum = bad;
    EXPECT_EQ(c.decide(Device::cpu).made, 0);
  }
}

TEST(UpdateDecision, HoldsBackTheStepsAfterABadOne) {
  DecisionCase c;
  c.hold = true;
  c.loss_sum = NAN;
  c.held = c.decide(Device::cpu).held;
  EXPECT_EQ(c.held, 1);
  c.loss_sum = 3;
  EXPECT_EQ(c.decide(Device::cpu).made, 0);
  c.hold = false;
  EXPECT_EQ(c.decide(Device::cpu).made, 1);
}

TEST(UpdateDecision, TakesTheLossScaleOff) {
  DecisionCase c;
  c.unscale = 0.125;
  c.scaled = c.hold = true;
  c.squares = {64 * 9, 64 * 16};
  auto got = c.decide(Device::cpu);
  EXPECT_EQ(got.norm, 5);
  EXPECT_EQ(got.factor, 0.125 * (1 / (5 + 1e-6)));
  c.squares[0] = INFINITY;
  got = c.decide(Device::cpu);
  EXPECT_EQ(got.made, 0);
  EXPECT_EQ(got.held, 0) << "an overflow is no reason to stop";
  c.scaled = false;
  EXPECT_EQ(c.decide(Device::cpu).held, 1);
}

TEST(UpdateDecision, RefusesWrongShapes) {
  DecisionCase c;
  UpdateDecision op = c.op(Device::cpu);
  op.decision = Array::zeros({2}, DType::f64);
  EXPECT_THROW(run(op), Error);
  op = c.op(Device::cpu);
  op.squares = Array::zeros({2}, DType::f32);
  EXPECT_THROW(run(op), Error);
}

}  // namespace
}  // namespace genesis::kernels
