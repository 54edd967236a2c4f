#include "autograd/ops/slice.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(SliceOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor& x = in[0];
        return std::vector<Tensor>{x.slice(0, 1, 3), x.slice(-1, 0, 2) * x.slice(-1, 1, 3), x.select(1, 2),
                                   x[0] * x.select(0, -1), x.slice(1, 2, 2)};
      },
      {testing::random_tensor({3, 4, 5}, 1)});
}

TEST(SliceOp, PartsOutsideAreErrors) {
  const Tensor x = testing::random_tensor({3, 4}, 1);
  EXPECT_EQ(x[-1].tolist(), x.select(0, 2).tolist());
  EXPECT_THROW(x.slice(0, 2, 4), Error);
  EXPECT_THROW(x.select(1, 4), Error);
}

}  // namespace
}  // namespace genesis
