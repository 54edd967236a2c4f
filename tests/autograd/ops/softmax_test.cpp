#include "autograd/ops/softmax.h"

#include <gtest/gtest.h>

#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(SoftmaxOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        return std::vector<Tensor>{softmax(in[0]), softmax(in[0].transpose(0, 2)), softmax(softmax(in[0]))};
      },
      {testing::random_tensor({3, 2, 5}, 1)});
}

TEST(SoftmaxOp, RowsAddUpToOne) {
  const auto y = softmax(testing::random_tensor({4, 7}, 1)).tolist();
  for (size_t r = 0; r < 4; ++r) {
    double sum = 0;
    for (size_t i = 0; i < 7; ++i) sum += y[r * 7 + i];
    EXPECT_NEAR(sum, 1.0, 1e-15);
  }
}

}  // namespace
}  // namespace genesis
