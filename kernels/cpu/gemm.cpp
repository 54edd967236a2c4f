#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <cstring>

#include "kernels/core/parallel_for.h"

namespace genesis::kernels::cpu {
namespace {

/// bias_j, whose dtype is that of the operands or of the sums; 0 without a bias.
template <class T>
accumulate_t<T> bias_at(const Gemm& g, int64_t j) {
  using A = accumulate_t<T>;
  if (!g.bias) return A(0);
  return g.bias_dtype == dtype_of<T>() ? A(static_cast<const T*>(g.bias)[j])
                                       : static_cast<const A*>(g.bias)[j];
}

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

/// Calls fn with a value of the operands' type and one of the output's.
template <class Fn>
void dispatch_types(const Gemm& g, Fn&& fn) {
  dispatch_compute(g.in, [&](auto tag) {
    using T = decltype(tag);
    if (g.out == dtype_of<T>()) return fn(T{}, T{});
    fn(T{}, accumulate_t<T>{});
  });
}

constexpr int kLanes = 32;

/// sum_p x_p w_p over `rows` rows of x at once, so that w is read once.
template <class T, int kRows>
void dot_rows(const T* const* x, const T* w, int64_t k, accumulate_t<T>* sums) {
  using A = accumulate_t<T>;
  alignas(64) A lanes[kRows][kLanes] = {};  // [kRows, kLanes]
  int64_t p = 0;
  for (; p + kLanes <= k; p += kLanes)
    for (int r = 0; r < kRows; ++r)
#pragma omp simd
      for (int l = 0; l < kLanes; ++l) lanes[r][l] += A(x[r][p + l]) * A(w[p + l]);
  for (int r = 0; r < kRows; ++r) {
    for (int l = 0; p + l < k; ++l) lanes[r][l] += A(x[r][p + l]) * A(w[p + l]);
    for (int width = kLanes / 2; width > 0; width /= 2)
      for (int l = 0; l < width; ++l) lanes[r][l] += lanes[r][l + width];
    sums[r] = lanes[r][0];
  }
}

template <class T, class O, int kRows>
void few_rows(const Gemm& g, int64_t z, int64_t first_row) {
  using A = accumulate_t<T>;
  const T* x[kRows];  // [kRows] pointers to rows [k]
  for (int r = 0; r < kRows; ++r)
    x[r] = static_cast<const T*>(g.a.data) + z * g.a.batch + (first_row + r) * g.a.row;
  const T* b = static_cast<const T*>(g.b.data) + z * g.b.batch;
  O* c = static_cast<O*>(g.c) + z * g.c_batch + first_row * g.c_row;
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 15) / std::max<int64_t>(1, g.k));
  parallel_for(g.n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      A sums[kRows];  // [kRows]
      dot_rows<T, kRows>(x, b + j * g.b.col, g.k, sums);
      const A bias = bias_at<T>(g, j);
      for (int r = 0; r < kRows; ++r) {
        O& out = c[r * g.c_row + j];
        out = O((g.accumulate ? A(out) : A(0)) + sums[r] + bias);
      }
    }
  });
}

template <class T, class O>
void few_rows_all(const Gemm& g) {
  for (int64_t z = 0; z < g.batches; ++z) {
    int64_t i = 0;
    for (; i + 4 <= g.m; i += 4) few_rows<T, O, 4>(g, z, i);
    if (i + 2 <= g.m) few_rows<T, O, 2>(g, z, i), i += 2;
    if (i < g.m) few_rows<T, O, 1>(g, z, i);
  }
}

}  // namespace

void gemm_few_rows(const Gemm& g) {
  dispatch_types(g, [&](auto in, auto out) { few_rows_all<decltype(in), decltype(out)>(g); });
}

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
  if (g.m <= kFewRows && g.b.row == 1 && g.a.col == 1 && g.n > 1) return gemm_few_rows(g);
  if (g.in == DType::f64) return gemm_blocked(g);
  gemm_onednn(g);
}

}  // namespace genesis::kernels::cpu
