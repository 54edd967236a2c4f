#include "autograd/ops/dropout.h"

#include <gtest/gtest.h>

#include "autograd/checkpoint.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/unary.h"
#include "autograd/random.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::dropout;

TEST(DropoutOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        manual_seed(3);  // the same masks at every evaluation
        const Tensor once = dropout(in[0], 0.4);
        return std::vector<Tensor>{once * once, dropout(in[0], 0.1), dropout(in[0].transpose(0, 1), 0.5)};
      },
      {testing::random_tensor({6, 7}, 1)});
}

TEST(DropoutOp, DrawsAnewUnlessReseeded) {
  const Tensor x(Array::full({100}, 1.0, DType::f32));
  manual_seed(1);
  const auto first = dropout(x, 0.5).tolist(), second = dropout(x, 0.5).tolist();
  manual_seed(1);
  EXPECT_EQ(dropout(x, 0.5).tolist(), first);
  EXPECT_NE(first, second);
}

TEST(DropoutOp, ACheckpointReplaysTheMask) {
  const Tensor x = testing::random_tensor({50}, 1), other = testing::random_tensor({50}, 2);
  const auto gradient = [&](bool checkpointed) {
    manual_seed(9);
    Tensor(x).zero_grad();
    const TensorFunction fn = [](const auto& in) { return std::vector<Tensor>{dropout(square(in[0]), 0.5)}; };
    const Tensor first = checkpointed ? checkpoint(fn, {x})[0] : fn({x})[0];
    (first * dropout(other, 0.3)).sum().backward();
    return Tensor(x.grad()).tolist();
  };
  EXPECT_EQ(gradient(true), gradient(false));
}

TEST(DropoutOp, IsTheIdentityOutsideTraining) {
  const Tensor x(Array::full({10}, 1.0, DType::f32));
  EXPECT_TRUE(dropout(x, 0.5, false).value().shares_storage(x.value()));
  EXPECT_TRUE(dropout(x, 0.0).value().shares_storage(x.value()));
  EXPECT_THROW(dropout(x, 1.0), Error);
  EXPECT_THROW(dropout(x, -0.1, false), Error);
}

}  // namespace
}  // namespace genesis
