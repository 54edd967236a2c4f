#pragma once
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <functional>
#include <vector>

#include "kernels/core/array.h"
#include "kernels/core/rng.h"
#include "tests/support/random_array.h"

namespace genesis::testing {

inline const std::vector<DType> kComputeTypes = {DType::f64, DType::f32, DType::bf16};

/// Writes value(i) to element i of a contiguous array, converted to its dtype.
inline void fill_with(const Array& a, const std::function<double(int64_t)>& value) {
  dispatch_any(a.dtype(), [&](auto tag) {
    using T = decltype(tag);
    T* p = a.data<T>();
    for (int64_t i = 0; i < a.numel(); ++i) {
      if constexpr (std::is_same_v<T, bf16> || std::is_same_v<T, f16>) {
        p[i] = T(float(value(i)));
      } else {
        p[i] = T(value(i));
      }
    }
  });
}

/// Integers in [0, limit), i32.
inline Array random_ids(Shape shape, int64_t limit, uint64_t stream) {
  Array a = Array::empty(std::move(shape), DType::i32);
  fill_with(a, [&](int64_t i) { return double(philox(7, stream, uint64_t(i))[0] % uint64_t(limit)); });
  return a;
}

/// Fails naming the worst element when |got - wanted| > tolerance * max(|wanted|, rms of wanted) anywhere.
inline void expect_close(const Array& got, const std::vector<double>& wanted, double tolerance,
                         const std::string& what) {
  const std::vector<double> values = values_of(got);
  ASSERT_EQ(values.size(), wanted.size()) << what;
  double squares = 0, worst = 0;
  for (double w : wanted) squares += w * w;
  const double rms = wanted.empty() ? 0 : std::sqrt(squares / double(wanted.size()));
  size_t where = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double scale = std::max(std::fabs(wanted[i]), rms), error = std::fabs(values[i] - wanted[i]);
    const double relative = error == 0 ? 0 : error / scale;
    if (!(relative <= worst)) worst = std::isnan(relative) ? INFINITY : relative, where = i;
  }
  EXPECT_LE(worst, tolerance) << what << " " << name_of(got.dtype()) << " element " << where << ": got "
                              << values[where] << ", wanted " << wanted[where];
}

/// The same bytes in every element.
inline void expect_identical(const Array& a, const Array& b, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  EXPECT_EQ(values_of(a), values_of(b)) << what;
}

/// Results must not depend on the number of threads: compares fn() on 1 and on 3 of them.
inline void expect_thread_independent(const std::function<Array()>& fn, const std::string& what) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Array one = fn();
  omp_set_num_threads(3);
  const Array three = fn();
  omp_set_num_threads(before);
  expect_identical(one, three, what + " on 1 and on 3 threads");
}

}  // namespace genesis::testing
