#include "autograd/ops/matmul.h"

#include <gtest/gtest.h>

#include "autograd/autocast.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::matmul;
using testing::random_tensor;

std::vector<Tensor> product(const std::vector<Tensor>& in) { return {matmul(in[0], in[1])}; }

TEST(MatMulOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(product, {random_tensor({3, 4}, 1), random_tensor({4, 5}, 2)});
  GENESIS_EXPECT_GRADIENTS(product, {random_tensor({2, 2, 3, 4}, 1), random_tensor({2, 2, 4, 2}, 2)});
  GENESIS_EXPECT_GRADIENTS(product, {random_tensor({2, 3, 4}, 1), random_tensor({4, 5}, 2)});
}

TEST(MatMulOp, TransposedViewsAreRead) {
  const Tensor a(Array::from<float>({1, 2, 3, 4, 5, 6}, {3, 2}).transpose(0, 1));  // [2, 3]
  const Tensor b(Array::from<float>({1, 0, 0, 1, 1, 1}, {3, 2}));
  EXPECT_EQ(matmul(a, b).tolist(), (std::vector<double>{6, 8, 8, 10}));
}

TEST(MatMulOp, AutocastGivesBf16) {
  const autocast cast;
  EXPECT_EQ(
      matmul(Tensor(Array::zeros({2, 3}, DType::f32)), Tensor(Array::zeros({3, 2}, DType::f32))).dtype(),
      DType::bf16);
}

TEST(MatMulOp, ShapesThatDoNotFitAreNamed) {
  EXPECT_THROW(matmul(random_tensor({2, 3}, 1), random_tensor({4, 5}, 2)), Error);
  EXPECT_THROW(matmul(random_tensor({2, 3, 4}, 1), random_tensor({3, 4, 5}, 2)), Error);
}

}  // namespace
}  // namespace genesis
