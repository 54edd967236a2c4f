#include "autograd/ops/view.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using Outputs = std::vector<Tensor>;

TEST(ViewOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor& x = in[0];
        return Outputs{x.view({6, 4}) * x.view({6, 4}),
                       x.view({-1}),
                       x.reshape({4, 6}),
                       x.unsqueeze(1) * x.unsqueeze(1),
                       x.transpose(0, 2).contiguous(),
                       x.transpose(0, 1).reshape({24})};
      },
      {testing::random_tensor({2, 3, 4}, 1)});
}

TEST(ViewOp, ExpandSumsWhatItRepeated) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        return Outputs{expand(in[0], {5, 3, 4}) * in[1], expand(in[0], {2, 3, 1})};
      },
      {testing::random_tensor({3, 1}, 1), testing::random_tensor({5, 3, 4}, 2)});
}

TEST(ViewOp, SharesBytesWhereItCan) {
  const Tensor x = testing::random_tensor({2, 6}, 1);
  EXPECT_TRUE(x.view({3, 4}).value().shares_storage(x.value()));
  EXPECT_TRUE(x.contiguous().value().shares_storage(x.value()));
  EXPECT_FALSE(x.transpose(0, 1).contiguous().value().shares_storage(x.value()));
  EXPECT_THROW(x.view({5, 2}), Error);
  EXPECT_THROW(x.transpose(0, 1).view({12}), Error);
  EXPECT_THROW(expand(x, {2, 7}), Error);
}

}  // namespace
}  // namespace genesis
