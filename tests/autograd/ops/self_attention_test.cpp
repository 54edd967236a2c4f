#include "autograd/ops/self_attention.h"

#include <gtest/gtest.h>

#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

Array lengths(std::vector<int32_t> cu) {
  const int64_t n = int64_t(cu.size());
  return Array::from(cu, {n});
}

TEST(SelfAttentionOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(  // three documents, one of a single row; two query heads a key head
      [](const auto& in) {
        return std::vector<Tensor>{autograd::self_attention(in[0], lengths({0, 4, 5, 8}), 2, 1)};
      },
      {testing::random_tensor({8, 16}, 1)});
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        return std::vector<Tensor>{autograd::self_attention(in[0], lengths({0, 6}), 2, 2)};
      },
      {testing::random_tensor({6, 12}, 2)});
}

TEST(SelfAttentionOp, DocumentsDoNotSeeEachOther) {
  const Tensor x = testing::random_tensor({7, 12}, 3);
  const auto packed = autograd::self_attention(x, lengths({0, 3, 7}), 2, 2).tolist();
  const auto second =
      autograd::self_attention(Tensor(x.value().slice(0, 3, 7)), lengths({0, 4}), 2, 2).tolist();
  for (size_t i = 0; i < second.size(); ++i) EXPECT_DOUBLE_EQ(packed[3 * 4 + i], second[i]) << i;
}

TEST(SelfAttentionOp, RowsThatDoNotHoldTheHeadsAreAnError) {
  EXPECT_THROW(autograd::self_attention(testing::random_tensor({4, 10}, 1), lengths({0, 4}), 2, 1), Error);
  EXPECT_THROW(autograd::self_attention(testing::random_tensor({4, 12}, 1), lengths({0, 5}), 2, 2), Error);
}

}  // namespace
}  // namespace genesis
