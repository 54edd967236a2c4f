#include "autograd/ops/reduce.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(ReduceOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor& x = in[0];
        const Tensor rows = sum(x, {0}), kept = mean(x, {1, -1}, true);
        return std::vector<Tensor>{rows * rows, x * kept, sum(x, {0, 2}), x.sum() * x.mean(),
                                   mean(x.transpose(0, 2), {1})};
      },
      {testing::random_tensor({3, 4, 5}, 1)});
}

TEST(ReduceOp, ShapesAndTypes) {
  const Tensor x(Array::full({2, 3}, 0.5, DType::bf16));
  EXPECT_EQ(x.sum().shape(), Shape{});
  EXPECT_EQ(x.sum().dtype(), DType::f32);
  EXPECT_EQ(x.sum().item(), 3.0);
  EXPECT_EQ(mean(x, {1}, true).shape(), (Shape{2, 1}));
  EXPECT_THROW(sum(x, {2}), Error);
}

TEST(ReduceOp, Argmax) {
  const Tensor x(Array::from(std::vector<float>{1, 4, 2, 9, 9, 0}, {2, 3}));
  EXPECT_EQ(x.argmax().tolist<int64_t>(), (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(x[0].argmax().item(), 1.0);
  EXPECT_EQ(x.transpose(0, 1).argmax().tolist<int64_t>(), (std::vector<int64_t>{1, 1, 0}));
}

}  // namespace
}  // namespace genesis
