#include "autograd/ops/qk_norm.h"

#include <gtest/gtest.h>

#include "autograd/ops/linear.h"
#include "autograd/ops/rms_norm.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(QkNormOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {
        Tensor once = autograd::qk_norm(in[0], in[1], in[2], 2, 1, 1e-6);
        return std::vector<Tensor>{once, autograd::qk_norm(once, in[1], in[2], 2, 1, 1e-3)};
      },
      {testing::random_tensor({3, 16}, 1), testing::random_tensor({4}, 2), testing::random_tensor({4}, 3)});
}

TEST(QkNormOp, NormsEachHeadAndLeavesValuesAlone) {
  const Tensor x = testing::random_tensor({1, 16}, 1), wq = testing::random_tensor({4}, 2),
               wk = testing::random_tensor({4}, 3);
  const auto y = autograd::qk_norm(x, wq, wk, 2, 1, 1e-6).tolist();
  const auto head = autograd::rms_norm(Tensor(x.value().view({4, 4}).slice(0, 1, 2)), wq, 1e-6).tolist();
  for (size_t i = 0; i < 4; ++i) EXPECT_DOUBLE_EQ(y[4 + i], head[i]);
  for (size_t i = 12; i < 16; ++i) EXPECT_EQ(y[i], x.tolist()[i]);
  EXPECT_THROW(autograd::qk_norm(x, wq, wk, 3, 1, 1e-6), Error);
}

}  // namespace
}  // namespace genesis
