#include "autograd/ops/unary.h"

#include <gtest/gtest.h>

#include "autograd/ops/arithmetic.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(UnaryOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        const Tensor &x = in[0], positive = square(x) + 0.5;
        return std::vector<Tensor>{
            exp(x),  log(positive), sqrt(positive),        square(x), reciprocal(positive), sigmoid(x),
            silu(x), tanh(x),       exp(x.transpose(0, 1))};
      },
      {testing::random_tensor({4, 5}, 1)});
}

TEST(UnaryOp, ReluHasSlopeOneAboveZeroOnly) {
  Tensor x(Array::from(std::vector<double>{-2, 0, 3}, {3}), true);
  relu(x).backward(Array::from(std::vector<double>{5, 6, 7}, {3}));
  EXPECT_EQ(relu(x).tolist(), (std::vector<double>{0, 0, 3}));
  EXPECT_EQ(Tensor(x.grad()).tolist(), (std::vector<double>{0, 0, 7}));
}

}  // namespace
}  // namespace genesis
