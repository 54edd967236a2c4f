#pragma once
#include <cmath>

#include "kernels/core/dtype.h"
#include "kernels/cpu/lanes.h"
#include "kernels/cpu/store.h"

namespace genesis::kernels {

/// One row of rms_norm: writes y and returns rstd (kernels/rms_norm.h).
template <class T, class W, class A = accumulate_t<T>>
inline A rms_norm_row(const T* x, const W* weight, T* y, int64_t width, A eps) {
  const A squares = lane_sum<A>(width, [&](int64_t h) {
    const A v = A(x[h]);
    return v * v;
  });
  const A rstd = A(1) / std::sqrt(squares / A(width) + eps);
#pragma omp simd
  for (int64_t h = 0; h < width; ++h) store(y[h], rounded<T>(A(x[h]) * rstd) * A(weight[h]));
  return rstd;
}

}  // namespace genesis::kernels
