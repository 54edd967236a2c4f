#include "autograd/ops/arithmetic.h"

#include <gtest/gtest.h>

#include "autograd/autocast.h"
#include "autograd/ops/unary.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using Outputs = std::vector<Tensor>;
using testing::random_tensor;

/// Values of at least 1, so that a quotient stays smooth.
Tensor away_from_zero(const Tensor& x) { return square(x) + 1.0; }

TEST(ArithmeticOp, GradientsAgreeWithFiniteDifferences) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{3, 4}, {3, 4}},    {{3, 4}, {4}}, {{3, 4}, {3, 1}}, {{1, 4}, {3, 1}},
      {{2, 1, 3}, {4, 1}}, {{}, {2, 3}},  {{5}, {1}}};
  for (const auto& [a, b] : shapes) {
    GENESIS_EXPECT_GRADIENTS(
        [](const auto& in) {
          return Outputs{in[0] + in[1], in[0] - in[1], in[0] * in[1], in[0] / away_from_zero(in[1])};
        },
        {random_tensor(a, 1), random_tensor(b, 2)});
  }
  GENESIS_EXPECT_GRADIENTS([](const auto& in) { return Outputs{in[0] * in[0] + in[0]}; },
                           {random_tensor({7}, 3)});
}

TEST(ArithmeticOp, WithNumbers) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor& x = in[0];
        return Outputs{x + 2.0, 2.0 + x, x - 2.0, 2.0 - x, x * 3.0, 3.0 * x, x / 4.0, 4.0 / away_from_zero(x),
                       -x};
      },
      {random_tensor({5}, 1)});
  const Tensor x(Array::full({2}, 4.0, DType::f32));
  EXPECT_EQ((1.0 - x / 2.0).tolist(), std::vector<double>(2, -1.0));
  EXPECT_EQ((2.0 / x).tolist(), std::vector<double>(2, 0.5));
}

TEST(ArithmeticOp, FrozenInputsGetNoGradient) {
  const Tensor x = random_tensor({3}, 1), frozen = random_tensor({3}, 2, false);
  (x * frozen + frozen / (x * 0.0 + 1.0)).backward(Array::full({3}, 1.0, DType::f64));
  EXPECT_TRUE(x.grad().defined());
  EXPECT_FALSE(frozen.grad().defined());
}

TEST(ArithmeticOp, MixedTypesTakeTheWiderOne) {
  Tensor wide(Array::full({2}, 1.0, DType::f32), true), narrow(Array::full({2}, 2.0, DType::bf16), true);
  Tensor y = wide * narrow;
  EXPECT_EQ(y.dtype(), DType::f32);
  y.backward(Array::full({2}, 1.0, DType::f32));
  EXPECT_EQ(Tensor(wide.grad()).tolist(), std::vector<double>(2, 2.0));
  EXPECT_EQ(Tensor(narrow.grad()).tolist(), std::vector<double>(2, 1.0));
  EXPECT_THROW(random_tensor({2, 3}, 1) + random_tensor({2}, 2), Error);
}

}  // namespace
}  // namespace genesis
