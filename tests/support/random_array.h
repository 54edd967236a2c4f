#pragma once
#include <cmath>
#include <vector>

#include "kernels/core/array.h"
#include "kernels/core/rng.h"

namespace genesis::testing {

/// Standard normals of a counter-based stream, rounded to dtype: the same on every run.
inline Array random_array(const Shape& shape, DType dtype, uint64_t stream, double scale = 1) {
  Array a = Array::empty(shape, dtype);
  dispatch_compute(dtype, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0; i < a.numel(); ++i) {
      const double v = scale * normal_pair({7, stream}, uint64_t(i / 2))[size_t(i % 2)];
      a.data<T>()[i] = T(accumulate_t<T>(v));
    }
  });
  return a;
}

/// All elements in row-major order, whatever the strides.
inline std::vector<double> values_of(const Array& a) {
  std::vector<double> out(size_t(a.numel()), 0.0);
  if (out.empty()) return out;
  dispatch_any(a.dtype(), [&](auto tag) {
    using T = decltype(tag);
    for (size_t i = 0; i < out.size(); ++i) {
      int64_t at = 0, rest = int64_t(i);
      for (size_t d = a.shape().size(); d-- > 0;)
        at += rest % a.shape()[d] * a.strides()[d], rest /= a.shape()[d];
      if constexpr (std::is_same_v<T, bf16> || std::is_same_v<T, f16>) {
        out[i] = double(float(a.data<T>()[at]));
      } else {
        out[i] = double(a.data<T>()[at]);
      }
    }
  });
  return out;
}

/// Largest |found - wanted| / (scale + |wanted|); NaN anywhere gives infinity.
inline double worst_error(const std::vector<double>& found, const std::vector<double>& wanted, double scale) {
  if (found.size() != wanted.size()) return HUGE_VAL;
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double error = std::fabs(found[i] - wanted[i]) / (scale + std::fabs(wanted[i]));
    if (!(error <= worst)) worst = std::isnan(error) ? HUGE_VAL : error;
  }
  return worst;
}

}  // namespace genesis::testing
