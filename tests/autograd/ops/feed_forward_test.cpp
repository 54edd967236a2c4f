#include "autograd/ops/feed_forward.h"

#include <gtest/gtest.h>

#include "autograd/ops/linear.h"
#include "autograd/ops/swiglu.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::feed_forward;
using testing::random_tensor;

TEST(FeedForwardOp, GradientsAgreeWithFiniteDifferences) {
  const Tensor x = random_tensor({2, 3, 4}, 1), gate_up = random_tensor({10, 4}, 2),
               a = random_tensor({10}, 3), down = random_tensor({6, 5}, 4), b = random_tensor({6}, 5);
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) { return std::vector<Tensor>{feed_forward(in[0], in[1], in[2], in[3], in[4])}; },
      {x, gate_up, a, down, b});
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) { return std::vector<Tensor>{feed_forward(in[0], in[1], {}, in[2], {})}; },
      {x, gate_up, down});
}

TEST(FeedForwardOp, TheSameBitsAsTheThreeOperations) {
  std::vector<std::vector<double>> results[2];
  for (const bool fused : {false, true}) {
    const Tensor x = random_tensor({37, 24}, 1), gate_up = random_tensor({64, 24}, 2),
                 a = random_tensor({64}, 3), down = random_tensor({24, 32}, 4), b = random_tensor({24}, 5);
    const Tensor y = fused ? feed_forward(x, gate_up, a, down, b)
                           : autograd::linear(autograd::swiglu(autograd::linear(x, gate_up, a)), down, b);
    y.backward(Array::full(y.shape(), 0.5, y.dtype()));
    results[fused] = {y.tolist()};
    for (const Tensor& t : {x, gate_up, a, down, b}) results[fused].push_back(Tensor(t.grad()).tolist());
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(FeedForwardOp, KeepsItsInputAlone) {
  const Tensor x = random_tensor({64, 4}, 1), gate_up = random_tensor({2000, 4}, 2),
               down = random_tensor({4, 1000}, 3);
  const auto held = [] { return memory_stats().current[int(MemoryCategory::activations)]; };
  const int64_t before = held();
  const Tensor y = feed_forward(x, gate_up, {}, down, {});
  EXPECT_LT(held() - before, 64 * 1000 * 8);
}

TEST(FeedForwardOp, ShapesThatDoNotFitAreNamed) {
  EXPECT_THROW(
      feed_forward(random_tensor({2, 5}, 1), random_tensor({6, 4}, 2), {}, random_tensor({5, 3}, 3), {}),
      Error);
  EXPECT_THROW(
      feed_forward(random_tensor({2, 4}, 1), random_tensor({5, 4}, 2), {}, random_tensor({4, 2}, 3), {}),
      Error);
}

}  // namespace
}  // namespace genesis
