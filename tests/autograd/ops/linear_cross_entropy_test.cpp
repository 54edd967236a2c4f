#include "autograd/ops/linear_cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/autocast.h"
#include "kernels/linear_cross_entropy.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::linear_cross_entropy;
using testing::random_tensor;

TEST(LinearCrossEntropyOp, GradientsAgreeWithFiniteDifferences) {
  const Array targets = Array::from<int32_t>({3, -100, 0, 6, -100, 2}, {6});
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) { return std::vector<Tensor>{linear_cross_entropy(in[0], in[1], targets)}; },
      {random_tensor({2, 3, 5}, 1), random_tensor({7, 5}, 2)});
  const Array all = Array::from<int32_t>({3, 1, 0}, {3});
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) {  // the weight is used twice: the second use accumulates
        return std::vector<Tensor>{linear_cross_entropy(in[0], in[1], all),
                                   linear_cross_entropy(in[0], in[1], all)};
      },
      {random_tensor({3, 4}, 3), random_tensor({4, 4}, 4)});
}

TEST(LinearCrossEntropyOp, LogitsThatDoNotFitAreComputedAgain) {
  const int64_t rows = 100, vocabulary = 90000;  // 72 MB of f64 logits
  ASSERT_FALSE(kernels::keeps_logit_gradient(rows, vocabulary, DType::f64));
  std::vector<int32_t> labels(size_t(rows), 5);
  const Array all = Array::from(labels, {rows}), half = Array::from(std::vector<int32_t>(50, 5), {50});
  const Tensor x = random_tensor({rows, 2}, 1), w = random_tensor({vocabulary, 2}, 2);
  linear_cross_entropy(x, w, all).backward();
  const auto dx = Tensor(x.grad()).tolist(), dw = Tensor(w.grad()).tolist();
  // The same loss as two kept halves.
  const Tensor a(x.value().slice(0, 0, 50), true), b(x.value().slice(0, 50, 100), true),
      again(w.value(), true);
  linear_cross_entropy(a, again, half).backward();
  linear_cross_entropy(b, again, half).backward();
  auto halves = Tensor(a.grad()).tolist();
  for (double g : Tensor(b.grad()).tolist()) halves.push_back(g);
  const auto dw_halves = Tensor(again.grad()).tolist();
  for (size_t i = 0; i < dx.size(); ++i) ASSERT_NEAR(dx[i], halves[i], 1e-12);
  for (size_t i = 0; i < dw.size(); ++i) ASSERT_NEAR(dw[i], dw_halves[i], 1e-12);
}

TEST(LinearCrossEntropyOp, NothingSupervisedGivesZero) {
  const Tensor x = random_tensor({2, 3}, 1), w = random_tensor({4, 3}, 2);
  const Tensor loss = linear_cross_entropy(x, w, Array::from<int32_t>({-100, -100}, {2}));
  EXPECT_EQ(loss.item(), 0.0);
  loss.backward();
  EXPECT_EQ(Tensor(x.grad()).tolist(), std::vector<double>(6, 0.0));
  EXPECT_EQ(Tensor(w.grad()).tolist(), std::vector<double>(12, 0.0));
}

TEST(LinearCrossEntropyOp, AutocastKeepsTheLossAndTheWeightGradientInF32) {
  const Tensor x(Array::full({2, 4}, 0.5, DType::f32), true), w(Array::full({3, 4}, 0.25, DType::f32), true);
  autocast cast;
  const Tensor loss = linear_cross_entropy(x, w, Array::from<int32_t>({0, 2}, {2}));
  EXPECT_EQ(loss.dtype(), DType::f32);
  EXPECT_NEAR(loss.item(), 2 * std::log(3.0), 1e-6);
  loss.backward();
  EXPECT_EQ(w.grad().dtype(), DType::f32);
  EXPECT_NEAR(w.grad().data<float>()[0], 0.5 * (2.0 / 3 - 1), 2e-3);
}

TEST(LinearCrossEntropyOp, TokenLossesSumToTheLoss) {
  const Tensor x = random_tensor({3, 4}, 1), w = random_tensor({5, 4}, 2);
  const Array targets = Array::from<int32_t>({1, -100, 4}, {3});
  const auto each = Tensor(autograd::token_losses(x, w, targets)).tolist();
  EXPECT_EQ(each[1], 0.0);
  EXPECT_NEAR(each[0] + each[2], linear_cross_entropy(x, w, targets).item(), 1e-14);
}

TEST(LinearCrossEntropyOp, ATargetOutsideTheVocabularyIsNamed) {
  const Tensor x = random_tensor({2, 3}, 1), w = random_tensor({4, 3}, 2);
  EXPECT_THROW(linear_cross_entropy(x, w, Array::from<int32_t>({0, 4}, {2})), Error);
}

}  // namespace
}  // namespace genesis
