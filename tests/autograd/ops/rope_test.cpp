#include "autograd/ops/rope.h"

#include <gtest/gtest.h>

#include "autograd/ops/linear.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

kernels::RopeTable table_for(int64_t length) {
  kernels::RopeTable table(4, 100.0, DType::f64);
  table.ensure(length);
  return table;
}

TEST(RopeOp, GradientsAgreeWithFiniteDifferences) {
  const auto table = table_for(9);
  const Array positions = Array::from<int32_t>({0, 1, 2, 0, 8}, {5});
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) { return std::vector<Tensor>{autograd::rope(in[0], positions, table, 2)}; },
      {testing::random_tensor({5, 12}, 1)});
  GENESIS_EXPECT_GRADIENTS(  // in place on the output of a linear layer, as in attention
      [&](const auto& in) {
        return std::vector<Tensor>{autograd::rope_(autograd::linear(in[0], in[1]), positions, table, 2)};
      },
      {testing::random_tensor({5, 3}, 1), testing::random_tensor({12, 3}, 2)});
}

TEST(RopeOp, GradientsOfNeighboursAgreeWithFiniteDifferences) {
  auto table = table_for(9);
  const Array positions = Array::from<int32_t>({0, 1, 2, 0, 8}, {5});
  const Tensor x = testing::random_tensor({5, 12}, 1);
  const auto halves = autograd::rope(x, positions, table, 2).tolist();
  table.pairing = kernels::RopePairing::neighbours;
  EXPECT_NE(autograd::rope(x, positions, table, 2).tolist(), halves);
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) { return std::vector<Tensor>{autograd::rope(in[0], positions, table, 2)}; }, {x});
}

TEST(RopeOp, LeavesTheOtherHeadsAlone) {
  const auto table = table_for(4);
  const Tensor x = testing::random_tensor({1, 12}, 1);
  const auto before = x.tolist(),
             after = autograd::rope(x, Array::from<int32_t>({3}, {1}), table, 2).tolist();
  EXPECT_NE(before[4], after[4]);
  for (size_t i = 8; i < 12; ++i) EXPECT_EQ(before[i], after[i]);
  EXPECT_THROW(autograd::rope_(x, Array::from<int32_t>({3}, {1}), table, 2), Error);
  EXPECT_THROW(autograd::rope(x, Array::from<int32_t>({4}, {1}), table, 2), Error);
}

}  // namespace
}  // namespace genesis
