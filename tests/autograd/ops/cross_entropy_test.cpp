#include "autograd/ops/cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/error_message.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::cross_entropy;
using autograd::Reduction;

TEST(CrossEntropyOp, GradientsAgreeWithFiniteDifferences) {
  const Tensor targets = tensor({2, -100, 0, 6, -100});
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) {
        return std::vector<Tensor>{cross_entropy(in[0], targets),
                                   cross_entropy(in[0], targets, Reduction::sum),
                                   cross_entropy(in[0], targets.to(DType::i32), Reduction::none)};
      },
      {testing::random_tensor({5, 7}, 1)});
}

TEST(CrossEntropyOp, TheMeanIsOverRowsThatCount) {
  const Tensor logits(Array::zeros({3, 4}, DType::f32));
  EXPECT_NEAR(cross_entropy(logits, tensor({1, -100, 3})).item(), std::log(4.0), 1e-6);
  EXPECT_NEAR(cross_entropy(logits, tensor({1, -100, 3}), Reduction::sum).item(), 2 * std::log(4.0), 1e-6);
  EXPECT_NEAR(cross_entropy(logits, tensor({1, 0, 3}), Reduction::mean, 0).item(), std::log(4.0), 1e-6);
}

TEST(CrossEntropyOp, NoSupervisedRowGivesZero) {
  Tensor logits(Array::full({2, 3}, 1.0, DType::f32), true);
  const Tensor loss = cross_entropy(logits, tensor({-100, -100}));
  EXPECT_EQ(loss.item(), 0.0);
  loss.backward();
  EXPECT_EQ(Tensor(logits.grad()).tolist(), std::vector<double>(6, 0.0));
}

TEST(CrossEntropyOp, WrongTargetsAreNamed) {
  const Tensor logits(Array::zeros({2, 3}, DType::f32));
  for (int64_t wrong : {int64_t(3), int64_t(1) << 40})
    EXPECT_NE(testing::message_of<Error>([&] {
                cross_entropy(logits, tensor({int64_t(0), wrong}));
              }).find("targets[1] = " + std::to_string(wrong)),
              std::string::npos);
  EXPECT_THROW(cross_entropy(logits, tensor({1, 1, 1})), Error);
}

}  // namespace
}  // namespace genesis
