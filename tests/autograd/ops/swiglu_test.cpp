#include "autograd/ops/swiglu.h"

#include <gtest/gtest.h>

#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(SwigluOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS([](const auto& in) { return std::vector<Tensor>{autograd::swiglu(in[0])}; },
                           {testing::random_tensor({3, 2, 10}, 1)});
}

TEST(SwigluOp, AnOddWidthIsAnError) {
  EXPECT_THROW(autograd::swiglu(testing::random_tensor({3, 5}, 1)), Error);
}

}  // namespace
}  // namespace genesis
