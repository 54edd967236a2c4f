#include "autograd/ops/swiglu_linear.h"

#include <gtest/gtest.h>

#include "autograd/ops/linear.h"
#include "autograd/ops/swiglu.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::swiglu_linear;
using testing::random_tensor;

TEST(SwigluLinearOp, GradientsAgreeWithFiniteDifferences) {
  const Tensor x = random_tensor({2, 3, 10}, 1), w = random_tensor({4, 5}, 2), b = random_tensor({4}, 3);
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) { return std::vector<Tensor>{swiglu_linear(in[0], in[1], in[2])}; }, {x, w, b});
  GENESIS_EXPECT_GRADIENTS([](const auto& in) { return std::vector<Tensor>{swiglu_linear(in[0], in[1])}; },
                           {x, w});
}

TEST(SwigluLinearOp, TheSameBitsAsTheTwoOperations) {
  std::vector<std::vector<double>> results[2];
  for (const bool fused : {false, true}) {
    const Tensor x = random_tensor({37, 48}, 1), w = random_tensor({20, 24}, 2), b = random_tensor({20}, 3);
    const Tensor y = fused ? swiglu_linear(x, w, b) : autograd::linear(autograd::swiglu(x), w, b);
    y.backward(Array::full(y.shape(), 0.5, y.dtype()));
    results[fused] = {y.tolist(), Tensor(x.grad()).tolist(), Tensor(w.grad()).tolist(),
                      Tensor(b.grad()).tolist()};
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(SwigluLinearOp, KeepsNoActivation) {
  const Tensor x = random_tensor({64, 2000}, 1), w = random_tensor({4, 1000}, 2);
  const auto held = [] { return memory_stats().current[int(MemoryCategory::activations)]; };
  const int64_t before = held();
  const Tensor y = swiglu_linear(x, w);
  EXPECT_LT(held() - before, 64 * 1000 * 8);
}

TEST(SwigluLinearOp, ShapesThatDoNotFitAreNamed) {
  EXPECT_THROW(swiglu_linear(random_tensor({2, 5}, 1), random_tensor({4, 2}, 2)), Error);
  EXPECT_THROW(swiglu_linear(random_tensor({2, 6}, 1), random_tensor({4, 2}, 2)), Error);
}

}  // namespace
}  // namespace genesis
