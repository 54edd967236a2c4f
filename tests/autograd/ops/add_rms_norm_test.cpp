#include "autograd/ops/add_rms_norm.h"

#include <gtest/gtest.h>

#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

const std::vector<Tensor>& inputs() {
  static const std::vector<Tensor> all{testing::random_tensor({4, 6}, 1), testing::random_tensor({4, 6}, 2),
                                       testing::random_tensor({6}, 3)};
  return all;
}

TEST(AddRmsNormOp, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const auto& in) {  // the residual goes on to a second one, as in a block
        auto [residual, y] = autograd::add_rms_norm(in[0], in[1], in[2], 1e-6);
        auto [second, z] = autograd::add_rms_norm(residual, y, in[2], 1e-5);
        return std::vector<Tensor>{second, z};
      },
      inputs());
}

TEST(AddRmsNormOp, EitherOutputMayStayUnused) {
  for (size_t used : {0u, 1u})
    GENESIS_EXPECT_GRADIENTS(
        [used](const auto& in) {
          Tensor y = autograd::add_rms_norm(in[0], in[1], in[2], 1e-6)[used];
          if (used == 1) return std::vector<Tensor>{y};
          return std::vector<Tensor>{autograd::add_rms_norm(y, in[1], in[2], 1e-6)[1]};
        },
        inputs());
}

}  // namespace
}  // namespace genesis
