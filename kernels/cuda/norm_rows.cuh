#pragma once
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// One block of row_threads(width) threads a row; the first kVector elements of each thread stay in
/// registers. With kAdd the row is x + delta, rounded and written to `residual` first.
template <class T, class W, bool kAdd>
__global__ void norm_forward(const T* x, RowMap x_rows, const T* delta, RowMap delta_rows, const W* weight,
                             float eps, T* residual, RowMap residual_rows, T* y, RowMap y_rows, float* rstd,
                             int64_t width, bool aligned) {
  __shared__ float scratch[33];
  const int64_t row = blockIdx.x;
  const T* from = x + x_rows.at(row);
  T* sum_row = kAdd ? residual + residual_rows.at(row) : nullptr;
  T* to = y + y_rows.at(row);
  const int64_t step = int64_t(blockDim.x) * kVector, first = int64_t(threadIdx.x) * kVector;
  float kept[kVector] = {};
  float squares = 0;
  for (int64_t h = first; h < width; h += step) {
    float v[kVector];
    load(from, h, width, aligned, v);
    if constexpr (kAdd) {
      float d[kVector];
      load(delta + delta_rows.at(row), h, width, aligned, d);
#pragma unroll
      for (int j = 0; j < kVector; ++j) v[j] = round_to<T>(v[j] + d[j]);
      store(sum_row, h, width, aligned, v);
    }
#pragma unroll
    for (int j = 0; j < kVector; ++j) squares += v[j] * v[j];
    if (h == first) {
#pragma unroll
      for (int j = 0; j < kVector; ++j) kept[j] = v[j];
    }
  }
  squares = block_sum(squares, scratch);
  const float scale = 1.0f / sqrtf(squares / float(width) + eps);
  if (threadIdx.x == 0) rstd[row] = scale;
  const T* again = kAdd ? sum_row : from;
  for (int64_t h = first; h < width; h += step) {
    float v[kVector], w[kVector];
    if (h == first) {
#pragma unroll
      for (int j = 0; j < kVector; ++j) v[j] = kept[j];
    } else {
      load(again, h, width, aligned, v);
    }
    load(weight, h, width, aligned, w);
#pragma unroll
    for (int j = 0; j < kVector; ++j) v[j] = round_to<T>(v[j] * scale) * w[j];
    store(to, h, width, aligned, v);
  }
}

}  // namespace genesis::kernels::cuda
