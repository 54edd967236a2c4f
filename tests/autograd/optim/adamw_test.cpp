#include "autograd/optim/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "autograd/grad_scaler.h"
#include "autograd/nn/clip_grad_norm.h"
#include "autograd/node.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

/// Gives a leaf a gradient without a graph.
void set_grad(const Tensor& t, const std::vector<double>& g) {
  autograd::bind_gradient(t, Array::from(g, t.shape()));
  t.impl()->grad_filled = true;
}

TEST(AdamW, FollowsTheFormulaAndDecaysMatricesOnly) {
  Tensor w(Array::from<double>({1.0, -2.0}, {2, 1}), true), b(Array::from<double>({0.5}, {1}), true);
  optim::AdamW adam({w, b}, {.lr = 0.1, .weight_decay = 0.2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8});
  double m = 0, v = 0, mb = 0, vb = 0, expect_w = 1.0, expect_b = 0.5;
  for (int t = 1; t <= 3; ++t) {
    const double g = 0.3 * t, gb = -0.7;
    set_grad(w, {g, 0.0});
    set_grad(b, {gb});
    adam.step();
    auto update = [&](double& x, double& m1, double& v1, double grad, double decay) {
      x *= 1 - 0.1 * decay;
      m1 = 0.9 * m1 + 0.1 * grad;
      v1 = 0.95 * v1 + 0.05 * grad * grad;
      x -= 0.1 * (m1 / (1 - std::pow(0.9, t))) / (std::sqrt(v1 / (1 - std::pow(0.95, t))) + 1e-8);
    };
    update(expect_w, m, v, g, 0.2);
    update(expect_b, mb, vb, gb, 0.0);
  }
  EXPECT_NEAR(w.tolist()[0], expect_w, 1e-14);
  EXPECT_NEAR(w.tolist()[1], -2.0 * std::pow(1 - 0.02, 3), 1e-14);
  EXPECT_NEAR(b.tolist()[0], expect_b, 1e-14);
  EXPECT_EQ(adam.steps(), 3);
}

TEST(ClipGradNorm, ScalesDownToTheLimitOnly) {
  Tensor a(Array::zeros({2}, DType::f64), true), b(Array::zeros({1}, DType::f64), true),
      none(Array::zeros({4}, DType::f64), true);
  set_grad(a, {3, 0});
  set_grad(b, {4});
  EXPECT_DOUBLE_EQ(nn::utils::clip_grad_norm_({a, b, none}, 10.0), 5.0);
  EXPECT_DOUBLE_EQ(a.grad().data<double>()[0], 3.0);
  EXPECT_DOUBLE_EQ(nn::utils::clip_grad_norm_({a, b, none}, 1.0), 5.0);
  EXPECT_NEAR(nn::utils::grad_norm({a, b}), 1.0, 1e-6);
  EXPECT_DOUBLE_EQ(nn::utils::clip_coefficient(5.0, 0.0), 1.0);
  set_grad(b, {std::numeric_limits<double>::infinity()});
  EXPECT_FALSE(std::isfinite(nn::utils::grad_norm({a, b})));
}

TEST(GradScaler, SkipsAnOverflowAndBacksOff) {
  Tensor w(Array::from<double>({1.0}, {1}), true);
  optim::AdamW adam({w}, {.lr = 0.1, .weight_decay = 0});
  GradScaler scaler({.init_scale = 8, .growth_interval = 2});
  set_grad(w, {std::numeric_limits<double>::quiet_NaN()});
  EXPECT_FALSE(scaler.step(adam));
  scaler.update();
  EXPECT_EQ(scaler.scale(), 4);
  EXPECT_EQ(w.item(), 1.0);
  for (int i = 0; i < 2; ++i) {
    w.zero_grad();
    scaler.scale(w).backward();
    scaler.unscale_(adam);
    EXPECT_EQ(w.grad().data<double>()[0], 1.0);
    EXPECT_THROW(scaler.unscale_(adam), Error);
    EXPECT_TRUE(scaler.step(adam));
    scaler.update();
  }
  EXPECT_EQ(scaler.scale(), 8);
  EXPECT_LT(w.item(), 1.0);
}

}  // namespace
}  // namespace genesis
