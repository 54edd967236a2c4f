#include "autograd/ops/rms_norm.h"

#include <gtest/gtest.h>

#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(RmsNormOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        Tensor once = autograd::rms_norm(in[0], in[1], 1e-6);
        return std::vector<Tensor>{once, autograd::rms_norm(once, in[1], 1e-2)};
      },
      {testing::random_tensor({3, 2, 7}, 1), testing::random_tensor({7}, 2)});
}

TEST(RmsNormOp, AWeightOfAnotherWidthIsAnError) {
  EXPECT_THROW(autograd::rms_norm(testing::random_tensor({3, 7}, 1), testing::random_tensor({6}, 2), 1e-6),
               Error);
}

}  // namespace
}  // namespace genesis
