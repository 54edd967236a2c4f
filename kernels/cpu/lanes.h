#pragma once
#include <cstdint>

namespace genesis::kernels {

/// Sum of term(0) … term(n-1) in an order fixed by n alone.
///   Term i goes to lane i mod 32; the lanes are then added as a tree. Neither the vector width, nor the
///   alignment, nor the thread count can change the result, and an error grows with n/32 + 5 instead of n.
template <class A, class Term>
inline A lane_sum(int64_t n, Term term) {
  constexpr int kLanes = 32;
  alignas(64) A lanes[kLanes] = {};  // [kLanes]
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
#pragma omp simd
    for (int l = 0; l < kLanes; ++l) lanes[l] += term(i + l);
  }
  for (int l = 0; i + l < n; ++l) lanes[l] += term(i + l);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  return lanes[0];
}

}  // namespace genesis::kernels
