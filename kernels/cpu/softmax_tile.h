#pragma once
// The softmax of attention on a tile of scores, a vector of queries at a time.
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/cpu/tile_gemm.h"

namespace genesis::kernels::cpu {

/// A vector of the type sums are kept in.
template <class A>
struct Lanes {
  typedef A Vector __attribute__((vector_size(kVectorBytes), aligned(alignof(A)), may_alias));
  using Int = std::conditional_t<std::is_same_v<A, float>, int32_t, int64_t>;
  typedef Int IntVector __attribute__((vector_size(kVectorBytes), aligned(alignof(Int)), may_alias));
  static constexpr int kCount = kVectorBytes / int(sizeof(A));
  static Vector load(const A* p) { return *reinterpret_cast<const Vector*>(p); }
  static void store(A* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }
};

/// e^x for x <= 0, at most 3 units in the last place; below the normal range 0; NaN stays NaN.
///   x = n ln 2 + r, |r| <= ln 2 / 2; the Taylor series of e^r; n is added to the exponent field.
template <class A>
typename Lanes<A>::Vector exp_nonpositive(typename Lanes<A>::Vector x) {
  using L = Lanes<A>;
  using V = typename L::Vector;
  constexpr bool kSingle = std::is_same_v<A, float>;
  constexpr A kLowest = kSingle ? A(-87) : A(-708), kRound = kSingle ? A(0x1.8p23) : A(0x1.8p52);
  constexpr A kLn2High = kSingle ? A(0x1.62e4p-1) : A(0x1.62e42fefp-1);
  constexpr A kLn2Low = kSingle ? A(0x1.7f7d1cp-20) : A(0x1.473de6af278edp-34);
  constexpr int kTerms = kSingle ? 7 : 13;
  const V bounded = x < kLowest ? V{} + kLowest : x;
  const V shifted = bounded * A(1.4426950408889634) + kRound;  // an integer in the low bits
  const V whole = shifted - kRound;
  const V r = (bounded - whole * kLn2High) - whole * kLn2Low;
  A factorial = 1;
  for (int i = 2; i <= kTerms; ++i) factorial *= A(i);
  V p = V{} + A(1) / factorial;
#pragma GCC unroll 16
  for (int i = kTerms; i > 0; --i) {
    factorial /= A(i);
    p = p * r + A(1) / factorial;
  }
  const V e = (V)((typename L::IntVector)p + ((typename L::IntVector)shifted << (kSingle ? 23 : 52)));
  return x < kLowest ? V{} : e;
}

/// One tile of the online softmax, in place: scores [keys, ld] of a vector of queries become e^(scale s -
/// highest).
///   highest and total are brought up to date; `shrink` is what earlier sums and outputs must be multiplied
///   with.
template <class A>
void softmax_columns(A* scores, int64_t ld, int64_t keys, A scale, A* highest, A* total, A* shrink) {
  using L = Lanes<A>;
  using V = typename L::Vector;
  V peak = V{} - std::numeric_limits<A>::infinity();
  for (int64_t m = 0; m < keys; ++m) {
    const V s = L::load(scores + m * ld);
    peak = peak > s ? peak : s;
  }
  const V before = L::load(highest), raised = peak * scale;
  const V top = before > raised ? before : raised;
  const V factor = exp_nonpositive<A>(before - top);
  V sum{};
  for (int64_t m = 0; m < keys; ++m) {
    const V p = exp_nonpositive<A>(L::load(scores + m * ld) * scale - top);
    L::store(scores + m * ld, p);
    sum += p;
  }
  L::store(highest, top);
  L::store(total, L::load(total) * factor + sum);
  L::store(shrink, factor);
}

/// Backward of a row: scores become probabilities p = e^(scale s - lse), dprobs become scale p (dp - delta).
template <class A>
void softmax_row_gradient(A* scores, A* dprobs, int64_t width, A scale, A lse, A delta) {
  using L = Lanes<A>;
  for (int64_t c = 0; c < width; c += L::kCount) {
    const auto p = exp_nonpositive<A>(L::load(scores + c) * scale - lse);
    L::store(scores + c, p);
    L::store(dprobs + c, p * scale * (L::load(dprobs + c) - delta));
  }
}

}  // namespace genesis::kernels::cpu
