#include "kernels/cpu/softmax_tile.h"

#include <gtest/gtest.h>

#include <cmath>

namespace genesis::kernels::cpu {
namespace {

template <class A>
void check_exp(double low, A tolerance) {
  constexpr int kCount = Lanes<A>::kCount;
  double worst = 0;
  for (int i = 0; i < 200000; i += kCount) {
    A x[kCount], y[kCount];
    for (int l = 0; l < kCount; ++l) x[l] = A(low * double(i + l) / 200000);
    Lanes<A>::store(y, exp_nonpositive<A>(Lanes<A>::load(x)));
    for (int l = 0; l < kCount; ++l)
      worst = std::max(worst, double(std::fabs((long double)(y[l]) / std::exp((long double)(x[l])) - 1)));
  }
  EXPECT_LE(worst, double(tolerance));
}

TEST(SoftmaxTile, ExpOfNonPositiveNumbers) {
  check_exp<float>(-86.9, 2.5e-7f);
  check_exp<float>(-1, 2.5e-7f);
  check_exp<double>(-707.9, 5e-16);
  check_exp<double>(-1, 5e-16);
}

TEST(SoftmaxTile, ExpAtTheEnds) {
  const auto at = [](float x) { return exp_nonpositive<float>(Lanes<float>::Vector{} + x)[0]; };
  EXPECT_EQ(at(0), 1.f);
  EXPECT_EQ(at(-HUGE_VALF), 0.f);
  EXPECT_EQ(at(-1e30f), 0.f);
  EXPECT_TRUE(std::isnan(at(NAN)));
}

}  // namespace
}  // namespace genesis::kernels::cpu
