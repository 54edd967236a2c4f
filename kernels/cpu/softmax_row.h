#pragma once
#include <limits>

#include "kernels/core/dtype.h"
#include "kernels/cpu/lanes.h"
#include "kernels/cpu/vector_math.h"

namespace genesis::kernels {

/// Largest element of a row; -inf for an empty one. (The order of the comparisons cannot change it.)
template <class T, class A = accumulate_t<T>>
inline A row_max(const T* x, int64_t width) {
  A best = -std::numeric_limits<A>::infinity();
#pragma omp simd reduction(max : best)
  for (int64_t i = 0; i < width; ++i) {
    const A value = A(x[i]);
    best = value > best ? value : best;
  }
  return best;
}

/// sum_i e^(x_i - shift)
template <class T, class A = accumulate_t<T>>
inline A row_exp_sum(const T* x, int64_t width, A shift) {
  return lane_sum<A>(width, [&](int64_t i) { return vexp(A(x[i]) - shift); });
}

}  // namespace genesis::kernels
