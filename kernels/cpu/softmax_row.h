#pragma once
#include <limits>

#include "kernels/core/dtype.h"
#include "kernels/cpu/lanes.h"
#include "kernels/cpu/vector_math.h"

namespace genesis::kernels {

/// Largest element of a row; -inf for an empty one.
template <class T, class A = accumulate_t<T>>
inline A row_max(const T* x, int64_t width) {
  constexpr int kLanes = 32;
  alignas(64) A lanes[kLanes];  // [kLanes]
  for (int l = 0; l < kLanes; ++l) lanes[l] = -std::numeric_limits<A>::infinity();
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
#pragma omp simd
    for (int l = 0; l < kLanes; ++l) lanes[l] = A(x[i + l]) > lanes[l] ? A(x[i + l]) : lanes[l];
  }
  for (int l = 0; i + l < width; ++l) lanes[l] = A(x[i + l]) > lanes[l] ? A(x[i + l]) : lanes[l];
  A best = lanes[0];
  for (int l = 1; l < kLanes; ++l) best = lanes[l] > best ? lanes[l] : best;
  return best;
}

/// sum_i e^(x_i - shift)
template <class T, class A = accumulate_t<T>>
inline A row_exp_sum(const T* x, int64_t width, A shift) {
  return lane_sum<A>(width, [&](int64_t i) { return vexp(A(x[i]) - shift); });
}

}  // namespace genesis::kernels
