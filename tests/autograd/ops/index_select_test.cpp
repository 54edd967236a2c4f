#include "autograd/ops/index_select.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::index_select;

TEST(IndexSelectOp, GradientsAgreeWithFiniteDifferences) {
  const Tensor rows = tensor({2, 0, 2, 2}), columns = tensor({4, 1});
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) {
        const Tensor picked = index_select(in[0], 0, rows);
        return std::vector<Tensor>{picked * picked, index_select(in[0], -1, columns.to(DType::i32)),
                                   index_select(in[0].transpose(0, 2), 2, rows)};
      },
      {testing::random_tensor({3, 4, 5}, 1)});
}

TEST(IndexSelectOp, WhatDoesNotFitIsAnError) {
  const Tensor x = testing::random_tensor({3, 4}, 1);
  EXPECT_THROW(index_select(x, 0, tensor({3, 0})), Error);
  EXPECT_THROW(index_select(x, 2, tensor({0, 0})), Error);
}

}  // namespace
}  // namespace genesis
