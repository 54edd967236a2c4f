#include "kernels/cpu/vector_math.h"

#include <gtest/gtest.h>

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/philox_words.h"

namespace genesis::kernels {
namespace {

/// |got - wanted| in units of the last place of `wanted` (long double reference).
template <class T>
double units(T got, long double wanted, long double floor = 0) {
  const long double magnitude = std::max(std::fabs(wanted), floor);
  const long double unit = std::ldexp(1.0L, std::ilogb(magnitude) - std::numeric_limits<T>::digits + 1);
  return double(std::fabs((long double)(got)-wanted) / unit);
}

template <class T>
void check_exp(T low, T high) {
  double worst = 0;
  for (int i = 0; i <= 400000; ++i) {
    const T x = low + (high - low) * T(i) / T(400000);
    worst = std::max(worst, units(vexp(x), std::exp((long double)(x))));
  }
  EXPECT_LE(worst, 2.0);
}

TEST(VectorMath, ExpIsWithinTwoUnits) {
  check_exp<float>(-87.3f, 88.7f);
  check_exp<float>(-1.f, 1.f);
  check_exp<double>(-708.0, 709.7);
  check_exp<double>(-1.0, 1.0);
}

template <class T>
void check_exp_ends() {
  const T inf = std::numeric_limits<T>::infinity();
  EXPECT_EQ(vexp(inf), inf);
  EXPECT_EQ(vexp(T(1e4)), inf);
  EXPECT_EQ(vexp(-inf), T(0));
  EXPECT_EQ(vexp(T(-1e4)), T(0));
  EXPECT_EQ(vexp(T(0)), T(1));
  EXPECT_TRUE(std::isnan(vexp(std::numeric_limits<T>::quiet_NaN())));
}

TEST(VectorMath, ExpAtTheEnds) {
  check_exp_ends<float>();
  check_exp_ends<double>();
  EXPECT_NEAR(vexp(-95.0f) / std::exp(-95.0f), 1.0f, 1e-3f) << "a denormal";
}

template <class T>
void check_log(double low, double high) {
  double worst = 0;
  for (int i = 0; i <= 400000; ++i) {
    const T x = T(std::exp(low + (high - low) * i / 400000));
    worst = std::max(worst, units(vlog(x), std::log((long double)(x)), 1e-3L));
  }
  EXPECT_LE(worst, 3.0);
}

TEST(VectorMath, LogIsWithinThreeUnits) {
  check_log<float>(-102, 88);
  check_log<float>(-0.5, 0.5);
  check_log<double>(-740, 709);
  check_log<double>(-0.5, 0.5);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(vlog(0.0), -inf);
  EXPECT_EQ(vlog(inf), inf);
  EXPECT_TRUE(std::isnan(vlog(-1.0)));
  EXPECT_TRUE(std::isnan(vlog(float(NAN))));
}

TEST(VectorMath, SigmoidAndTanh) {
  for (int i = -4000; i <= 4000; ++i) {
    const double x = i / 100.0;
    EXPECT_NEAR(vsigmoid(x), 1 / (1 + std::exp(-x)), 3e-16);
    EXPECT_NEAR(vtanh(x), std::tanh(x), 3e-16);
    EXPECT_NEAR(vtanh(float(x)), std::tanh(float(x)), 1e-7);
  }
  EXPECT_NEAR(vtanh(1e-6f) / 1e-6f, 1.0f, 1e-6f);
  EXPECT_EQ(vsigmoid(-200.0f), 0.0f);
  EXPECT_EQ(vsilu(-200.0f), 0.0f);
}

TEST(VectorMath, LaneSumTakesEveryTermOnce) {
  for (int64_t n : {0, 1, 31, 32, 33, 63, 64, 1000})
    EXPECT_EQ(lane_sum<double>(n, [](int64_t i) { return double(i + 1); }), double(n * (n + 1) / 2));
}

TEST(VectorMath, PhiloxWordsAreThoseOfTheCore) {
  const RandomStream s{0x123456789abcdef0ull, 0xfedcba9876543210ull};
  const uint64_t first = 0xfffffffdull;  // crosses the carry into the second word
  std::vector<uint32_t> words(4 * 37);
  philox_words(s, first, 37, words.data());
  for (uint64_t i = 0; i < 37; ++i) {
    const auto want = philox(s.seed, s.stream, first + i);
    for (size_t j = 0; j < 4; ++j) ASSERT_EQ(words[4 * i + j], want[j]) << i;
  }
}

}  // namespace
}  // namespace genesis::kernels
