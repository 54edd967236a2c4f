#include "kernels/cpu/gemm.h"

#include <algorithm>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/gemm_types.h"

namespace genesis::kernels::cpu {
namespace {

/// A product over an empty k: C = [C +] bias.
template <class T, class O>
void add_bias_only(const Gemm& g) {
  using A = accumulate_t<T>;
  for (int64_t z = 0; z < g.batches; ++z)
    for (int64_t i = 0; i < g.m; ++i) {
      O* row = static_cast<O*>(g.c) + z * g.c_batch + i * g.c_row;  // [n]
      for (int64_t j = 0; j < g.n; ++j) row[j] = O((g.accumulate ? A(row[j]) : A(0)) + bias_at<T>(g, j));
    }
}

}  // namespace

void gemm_blocked(const Gemm& g) {
  constexpr int64_t kBlock = 64;
  const int64_t row_blocks = (g.m + kBlock - 1) / kBlock;
  parallel_for(g.batches * row_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t z = task / row_blocks, i0 = task % row_blocks * kBlock, i1 = std::min(g.m, i0 + kBlock);
      const double* a = static_cast<const double*>(g.a.data) + z * g.a.batch;
      const double* b = static_cast<const double*>(g.b.data) + z * g.b.batch;
      double* c = static_cast<double*>(g.c) + z * g.c_batch;
      const auto* bias = static_cast<const double*>(g.bias);
      for (int64_t j0 = 0; j0 < g.n; j0 += kBlock) {
        const int64_t width = std::min(kBlock, g.n - j0);
        for (int64_t i = i0; i < i1; ++i) {
          double sums[kBlock];  // [width]
          for (int64_t j = 0; j < width; ++j) sums[j] = bias ? bias[j0 + j] : 0;
          for (int64_t p = 0; p < g.k; ++p) {
            const double x = a[i * g.a.row + p * g.a.col];
            const double* row = b + p * g.b.row + j0 * g.b.col;
            if (g.b.col == 1) {
              for (int64_t j = 0; j < width; ++j) sums[j] += x * row[j];
            } else {
              for (int64_t j = 0; j < width; ++j) sums[j] += x * row[j * g.b.col];
            }
          }
          double* out = c + i * g.c_row + j0;
          for (int64_t j = 0; j < width; ++j) out[j] = (g.accumulate ? out[j] : 0) + sums[j];
        }
      }
    }
  });
}

void gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0 || g.batches == 0) return;
  if (g.k == 0)
    return dispatch_types(g, [&](auto in, auto out) { add_bias_only<decltype(in), decltype(out)>(g); });
  if (g.m <= few_rows_limit(g.in) && g.b.row == 1 && g.a.col == 1 && g.n > 1) return gemm_few_rows(g);
  if (g.in == DType::f64) return gemm_blocked(g);
  gemm_onednn(g);
}

}  // namespace genesis::kernels::cpu
