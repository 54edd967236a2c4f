#include "autograd/ops/cast.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(CastOp, TheGradientComesBackInTheOldType) {
  Tensor x(Array::full({3}, 1.5, DType::f32), true);
  Tensor y = x.to(DType::bf16) * 2.0;
  EXPECT_EQ(y.dtype(), DType::bf16);
  y.backward(Array::full({3}, 0.5, DType::bf16));
  EXPECT_EQ(x.grad().dtype(), DType::f32);
  EXPECT_EQ(Tensor(x.grad()).tolist(), std::vector<double>(3, 1.0));
}

TEST(CastOp, ThroughF32AndBack) {
  // The rounding to f32 is invisible to a gradient: 1 on the way there and 1 on the way back.
  const Tensor x = testing::random_tensor({4}, 1);
  x.to(DType::f32).to(DType::f64).backward(Array::full({4}, 3.0, DType::f64));
  EXPECT_EQ(Tensor(x.grad()).tolist(), std::vector<double>(4, 3.0));
}

TEST(CastOp, IntegersCarryNoGradient) {
  const Tensor x = testing::random_tensor({4}, 1);
  EXPECT_FALSE(x.to(DType::i64).requires_grad());
  EXPECT_EQ(tensor({{7, -8}}).to(DType::i32).tolist<int64_t>(), (std::vector<int64_t>{7, -8}));
  EXPECT_TRUE(x.to(DType::f64).value().shares_storage(x.value()));
}

}  // namespace
}  // namespace genesis
