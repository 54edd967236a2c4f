#include "autograd/ops/linear.h"

#include <gtest/gtest.h>

#include "autograd/autocast.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::linear;
using testing::random_tensor;

TEST(LinearOp, GradientsAgreeWithFiniteDifferences) {
  const Tensor x = random_tensor({2, 3, 5}, 1), w = random_tensor({4, 5}, 2), b = random_tensor({4}, 3);
  GENESIS_EXPECT_GRADIENTS([](const auto& in) { return std::vector<Tensor>{linear(in[0], in[1], in[2])}; },
                           {x, w, b});
  GENESIS_EXPECT_GRADIENTS([](const auto& in) { return std::vector<Tensor>{linear(in[0], in[1])}; }, {x, w});
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {  // the weight is used twice: the second use accumulates into the same buffer
        return std::vector<Tensor>{linear(linear(in[0], in[1]), in[1])};
      },
      {random_tensor({3, 5}, 4), random_tensor({5, 5}, 5)});
}

TEST(LinearOp, FrozenInputsGetNoGradient) {
  const Tensor x = random_tensor({3, 5}, 1, false), w = random_tensor({4, 5}, 2),
               frozen = random_tensor({4, 4}, 3, false);
  linear(linear(x, w), frozen).backward(Array::full({3, 4}, 1.0, DType::f64));
  EXPECT_TRUE(w.grad().defined());
  EXPECT_FALSE(x.grad().defined());
  EXPECT_FALSE(frozen.grad().defined());
}

TEST(LinearOp, AutocastComputesInBf16AndKeepsF32Gradients) {
  Tensor x(Array::full({3, 4}, 1.0, DType::f32), true), w(Array::full({2, 4}, 0.5, DType::f32), true);
  {
    autocast cast;
    Tensor y = linear(x, w);
    EXPECT_EQ(y.dtype(), DType::bf16);
    y.backward(Array::full({3, 2}, 1.0, DType::bf16));
  }
  EXPECT_EQ(w.grad().dtype(), DType::f32);
  EXPECT_EQ(x.grad().dtype(), DType::f32);
  EXPECT_EQ(Tensor(w.grad()).tolist(), std::vector<double>(8, 3.0));
  EXPECT_EQ(Tensor(x.grad()).tolist(), std::vector<double>(12, 1.0));
}

TEST(LinearOp, ShapesThatDoNotFitAreNamed) {
  EXPECT_THROW(linear(random_tensor({2, 3}, 1), random_tensor({4, 5}, 2)), Error);
}

}  // namespace
}  // namespace genesis
