#pragma once
// Products of a few rows with a stored matrix, y = x W^T + bias: what a step of generation consists of. A
// warp takes two rows of W (16-byte accesses, four in flight a lane and row) and all kRows rows of x, which
// it finds in L1; lanes are added in a fixed order. s bytes per element of W, read once: bound by memory.
// Launch: 256 threads. Share of copy bandwidth: not measured.
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kGemvRows = 4;  ///< the most rows of x; more pay for tensor cores
inline constexpr int kGemvWarps = 8, kGemvOutputs = 2, kGemvDepth = 4;

template <class T, class Y, int kRows>
__global__ void gemv(const T* x, int64_t x_row, const T* w, const Y* bias, Y* y, int64_t y_row, int64_t n,
                     int64_t k, bool aligned) {
  const int lane = int(threadIdx.x) % 32;
  const int64_t first = (int64_t(blockIdx.x) * kGemvWarps + threadIdx.x / 32) * kGemvOutputs;
  if (first >= n) return;
  const T* row[kGemvOutputs];
#pragma unroll
  for (int o = 0; o < kGemvOutputs; ++o) row[o] = w + (first + o < n ? first + o : first) * k;
  float sum[kGemvOutputs][kRows] = {};
  const auto add = [&](int64_t i, const RawVector<T>(&of_w)[kGemvOutputs]) {
    float a[kGemvOutputs][kVector];
#pragma unroll
    for (int o = 0; o < kGemvOutputs; ++o) of_w[o].widened(a[o]);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      float b[kVector];
      load(x + r * x_row, i, k, aligned, b);
#pragma unroll
      for (int o = 0; o < kGemvOutputs; ++o)
#pragma unroll
        for (int j = 0; j < kVector; ++j) sum[o][r] += a[o][j] * b[j];
    }
  };
  constexpr int64_t kStep = 32 * kVector;
  int64_t i = lane * kVector;
  if (aligned) {
    for (; i + (kGemvDepth - 1) * kStep + kVector <= k; i += kGemvDepth * kStep) {
      RawVector<T> of_w[kGemvDepth][kGemvOutputs];  // all under way before the first is used
#pragma unroll
      for (int u = 0; u < kGemvDepth; ++u)
#pragma unroll
        for (int o = 0; o < kGemvOutputs; ++o) of_w[u][o].load_whole(row[o] + i + u * kStep);
#pragma unroll
      for (int u = 0; u < kGemvDepth; ++u) add(i + u * kStep, of_w[u]);
    }
  }
  for (; i < k; i += kStep) {
    RawVector<T> of_w[kGemvOutputs];
#pragma unroll
    for (int o = 0; o < kGemvOutputs; ++o) of_w[o].load_from(row[o], i, k, aligned);
    add(i, of_w);
  }
#pragma unroll
  for (int o = 0; o < kGemvOutputs; ++o)
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const float total = warp_sum(sum[o][r]);
      if (lane == 0 && first + o < n)
        y[r * y_row + first + o] = narrow<Y>(total + (bias ? widen(bias[first + o]) : 0.0f));
    }
}

/// y [rows, n] = x [rows, k] w^T + bias (null: none), w [n, k] contiguous, 1 <= rows <= kGemvRows.
template <class T, class Y>
void launch_gemv(const T* x, int64_t x_row, const T* w, const Y* bias, Y* y, int64_t y_row, int64_t rows,
                 int64_t n, int64_t k, bool aligned) {
  const Grid grid{.blocks = (n + kGemvWarps * kGemvOutputs - 1) / (kGemvWarps * kGemvOutputs),
                  .threads = kGemvWarps * 32};
  const auto start = [&](auto kernel) {
    launch("linear.gemv", grid, kernel, x, x_row, w, bias, y, y_row, n, k, aligned);
  };
  switch (rows) {
    case 1:
      return start(gemv<T, Y, 1>);
    case 2:
      return start(gemv<T, Y, 2>);
    case 3:
      return start(gemv<T, Y, 3>);
    default:
      return start(gemv<T, Y, 4>);
  }
}

}  // namespace genesis::kernels::cuda
