#include "autograd/ops/transpose.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(TransposeOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor once = in[0].transpose(0, 2), back = once.transpose(-1, 0);
        return std::vector<Tensor>{once * once, back, in[0].transpose(1, 1)};
      },
      {testing::random_tensor({2, 3, 4}, 1)});
}

TEST(TransposeOp, MovesElements) {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(x.transpose(0, 1).tolist<int64_t>(), (std::vector<int64_t>{1, 4, 2, 5, 3, 6}));
  EXPECT_THROW(x.transpose(0, 2), Error);
}

}  // namespace
}  // namespace genesis
