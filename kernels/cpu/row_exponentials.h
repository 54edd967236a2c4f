#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/cpu/vector_math.h"

namespace genesis::kernels {

/// The largest entry of a row and the sum of e^(z - largest) over it.
template <class A>
struct RowExponentials {
  A largest;
  double sum;
};

/// Sums run in A over blocks of 1024 entries and in f64 between them. With kKeep the row becomes
/// e^(z - largest). An empty row has the sum 0.
template <bool kKeep, class A>
RowExponentials<A> row_exponentials(A* z, int64_t n) {
  constexpr int64_t kBlock = 1024;
  A largest = -std::numeric_limits<A>::infinity();
#pragma omp simd reduction(max : largest)
  for (int64_t v = 0; v < n; ++v) largest = z[v] > largest ? z[v] : largest;
  double total = 0;
  for (int64_t v0 = 0; v0 < n; v0 += kBlock) {
    const int64_t width = std::min(kBlock, n - v0);
    A sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t v = v0; v < v0 + width; ++v) {
      const A e = vexp(z[v] - largest);
      if (kKeep) z[v] = e;
      sum += e;
    }
    total += double(sum);
  }
  return {largest, total};
}

}  // namespace genesis::kernels
