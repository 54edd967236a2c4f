#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace genesis::kernels {

// Functions that a compiler turns into vector code: no table, no branch, no call. T is float or double.

/// e^x. Error: at most 2 units in the last place where the result is normal; overflow gives inf, underflow 0
/// or a denormal, NaN stays NaN.
///   x = n ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor series (degree 7: 5e-9; degree 13: 5e-18); the factor
///   2^n is applied in two halves so that the ends of the range come out right.
template <class T>
inline T vexp(T x) {
  using I = std::conditional_t<std::is_same_v<T, float>, int32_t, int64_t>;
  constexpr bool kSingle = std::is_same_v<T, float>;
  constexpr int kBits = kSingle ? 23 : 52;
  constexpr T kRound =
      kSingle ? T(0x1.8p23) : T(0x1.8p52);  // adding it rounds to an integer held in the low bits
  constexpr T kLow = kSingle ? T(-104) : T(-746), kHigh = kSingle ? T(89) : T(710);
  constexpr T kLn2High = kSingle ? T(0x1.62e4p-1) : T(0x1.62e42fefp-1);
  constexpr T kLn2Low = kSingle ? T(0x1.7f7d1cp-20) : T(0x1.473de6af278edp-34);
  constexpr I kBias = (I(1) << (kSingle ? 7 : 10)) - 1;

  x = x < kLow ? kLow : x;
  x = x > kHigh ? kHigh : x;
  const T shifted = x * T(1.4426950408889634) + kRound;
  const T whole = shifted - kRound;
  const T r = (x - whole * kLn2High) - whole * kLn2Low;
  T p;
  if constexpr (kSingle) {
    p = T(1.0 / 5040);
  } else {
    p = T(1.0 / 6227020800.0);
    p = p * r + T(1.0 / 479001600.0);
    p = p * r + T(1.0 / 39916800.0);
    p = p * r + T(1.0 / 3628800.0);
    p = p * r + T(1.0 / 362880.0);
    p = p * r + T(1.0 / 40320.0);
    p = p * r + T(1.0 / 5040.0);
  }
  p = p * r + T(1.0 / 720);
  p = p * r + T(1.0 / 120);
  p = p * r + T(1.0 / 24);
  p = p * r + T(1.0 / 6);
  p = p * r + T(0.5);
  p = p * r + T(1);
  p = p * r + T(1);
  const I n = std::bit_cast<I>(shifted) - std::bit_cast<I>(kRound);
  const I half = n >> 1;
  const T low = std::bit_cast<T>((half + kBias) << kBits),
          high = std::bit_cast<T>((n - half + kBias) << kBits);
  return p * low * high;
}

/// ln x for x >= 0 (0 gives -inf, negative NaN). Error: at most 3 units in the last place of max(|ln x|,
/// 1e-3).
///   x = 2^k m, m in [sqrt 1/2, sqrt 2); ln m = 2 atanh(s), s = (m-1)/(m+1), by its series in s^2 <= 0.0295.
template <class T>
inline T vlog(T x) {
  using I = std::conditional_t<std::is_same_v<T, float>, int32_t, int64_t>;
  constexpr bool kSingle = std::is_same_v<T, float>;
  constexpr int kBits = kSingle ? 23 : 52;
  constexpr T kTiny = kSingle ? T(0x1p-126) : T(0x1p-1022), kLift = kSingle ? T(0x1p25) : T(0x1p54);
  constexpr T kInf = std::numeric_limits<T>::infinity();

  const bool denormal = x < kTiny;
  const T lifted = denormal ? x * kLift : x;
  const I bits = std::bit_cast<I>(lifted) - std::bit_cast<I>(T(0.70710678118654752));
  const I k = bits >> kBits;
  const T m = std::bit_cast<T>(std::bit_cast<I>(lifted) - (k << kBits));
  const T exponent = T(k) - (denormal ? (kSingle ? T(25) : T(54)) : T(0));
  const T s = (m - T(1)) / (m + T(1)), z = s * s;
  T p;
  if constexpr (kSingle) {
    p = T(1.0 / 9);
  } else {
    p = T(1.0 / 21);
    p = p * z + T(1.0 / 19);
    p = p * z + T(1.0 / 17);
    p = p * z + T(1.0 / 15);
    p = p * z + T(1.0 / 13);
    p = p * z + T(1.0 / 11);
    p = p * z + T(1.0 / 9);
  }
  p = p * z + T(1.0 / 7);
  p = p * z + T(1.0 / 5);
  p = p * z + T(1.0 / 3);
  const T log_m = T(2) * s + T(2) * s * z * p;
  constexpr T kLn2High = kSingle ? T(0x1.62e4p-1) : T(0x1.62e42fefp-1);
  constexpr T kLn2Low = kSingle ? T(0x1.7f7d1cp-20) : T(0x1.473de6af278edp-34);
  T y = exponent * kLn2High + (log_m + exponent * kLn2Low);
  y = x == kInf ? kInf : y;
  y = x == T(0) ? -kInf : y;
  return x >= T(0) ? y : std::numeric_limits<T>::quiet_NaN();
}

/// 1 / (1 + e^-x)
template <class T>
inline T vsigmoid(T x) {
  return T(1) / (T(1) + vexp(-x));
}

/// x / (1 + e^-x)
template <class T>
inline T vsilu(T x) {
  return x * vsigmoid(x);
}

/// tanh x = sign(x) (1 - e) / (1 + e), e = e^-2|x|; in double inside, so that small x keep their relative
/// precision in f32.
template <class T>
inline T vtanh(T x) {
  const double e = vexp(-2.0 * std::fabs(double(x)));
  return T(std::copysign((1.0 - e) / (1.0 + e), double(x)));
}

}  // namespace genesis::kernels
