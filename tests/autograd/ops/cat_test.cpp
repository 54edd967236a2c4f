#include "autograd/ops/cat.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(CatOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor rows = cat({in[0], in[1], in[0]}, 0), columns = cat({in[0], in[2]}, -1);
        return std::vector<Tensor>{rows * rows, columns};
      },
      {testing::random_tensor({2, 3}, 1), testing::random_tensor({4, 3}, 2),
       testing::random_tensor({2, 5}, 3)});
}

TEST(CatOp, TakesIntegers) {
  const Tensor ids = cat({tensor({{1, 2}}), tensor({{3}})}, 1);
  EXPECT_EQ(ids.shape(), (Shape{1, 3}));
  EXPECT_EQ(ids.tolist<int64_t>(), (std::vector<int64_t>{1, 2, 3}));
}

TEST(CatOp, WhatDoesNotFitIsAnError) {
  EXPECT_THROW(cat({}), Error);
  EXPECT_THROW(cat({testing::random_tensor({2, 3}, 1), testing::random_tensor({2, 4}, 2)}, 0), Error);
  EXPECT_THROW(cat({testing::random_tensor({2}, 1)}, 1), Error);
  EXPECT_THROW(cat({testing::random_tensor({2}, 1), testing::random_tensor({2, 1}, 1)}, 0), Error);
}

}  // namespace
}  // namespace genesis
