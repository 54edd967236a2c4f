#pragma once
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// Rows of up to this many elements: a thread takes kVector of them and keeps them in registers.
inline constexpr int64_t kNarrowRow = 1024 * kVector;

/// A block of row_threads(width) threads a row, and as many rows as make 256 threads.
inline Grid grid_of_rows(int64_t rows, int64_t width, int64_t most_blocks = INT64_MAX) {
  const int threads = row_threads(width), together = std::max(1, kThreads / threads);
  return {.blocks = std::min((rows + together - 1) / together, most_blocks),
          .threads = threads,
          .threads_y = together};
}

/// Sums over the threads of a row, in every thread of it, in an order that depends on blockDim alone. One
/// barrier a call: two calls in a row write different halves of `scratch`. Every thread of the block makes
/// every call.
struct RowSum {
  float (*scratch)[32];  // [2][warps], in shared memory
  int turn = 0;
  __device__ float operator()(float x) {
    x = warp_sum(x);
    const int warps = int(blockDim.x) / 32, lane = int(threadIdx.x) % 32;
    if (warps == 1) return x;
    float* of_row = scratch[turn] + int(threadIdx.y) * warps;
    turn ^= 1;
    if (lane == 0) of_row[threadIdx.x / 32] = x;
    __syncthreads();
    return warp_sum(lane < warps ? of_row[lane] : 0.0f);
  }
};

/// With kAdd the row is x + delta, rounded and written to `residual` first. kWide: rows beyond kNarrowRow, of
/// which all but the first elements of a thread are read again.
template <class T, class W, bool kAdd, bool kWide>
__global__ void __launch_bounds__(1024)
    norm_forward(const T* x, RowMap x_rows, const T* delta, RowMap delta_rows, const W* weight, float eps,
                 T* residual, RowMap residual_rows, T* y, RowMap y_rows, float* rstd, int64_t rows,
                 int64_t width, bool aligned) {
  __shared__ float scratch[2][32];
  RowSum row_sum{scratch};
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const int64_t end = row < rows ? width : 0;  // a row behind the last one has no elements
  const T* from = x + x_rows.at(row);
  const T* more = kAdd ? delta + delta_rows.at(row) : nullptr;
  T* sum_row = kAdd ? residual + residual_rows.at(row) : nullptr;
  T* to = y + y_rows.at(row);
  const int64_t step = int64_t(blockDim.x) * kVector, first = int64_t(threadIdx.x) * kVector;
  const auto take = [&](int64_t h, float(&v)[kVector]) {
    load(from, h, end, aligned, v);
    if constexpr (kAdd) {
      float d[kVector];
      load(more, h, end, aligned, d);
#pragma unroll
      for (int j = 0; j < kVector; ++j) v[j] = round_to<T>(v[j] + d[j]);
      store(sum_row, h, end, aligned, v);
    }
  };
  float kept[kVector], w[kVector], squares = 0;
  take(first, kept);
  load(weight, first, end, aligned, w);  // on its way while the row is summed
#pragma unroll
  for (int j = 0; j < kVector; ++j) squares += kept[j] * kept[j];
  if constexpr (kWide) {
    for (int64_t h = first + step; h < end; h += step) {
      float v[kVector];
      take(h, v);
#pragma unroll
      for (int j = 0; j < kVector; ++j) squares += v[j] * v[j];
    }
  }
  squares = row_sum(squares);
  const float scale = 1.0f / sqrtf(squares / float(width) + eps);
  if (threadIdx.x == 0 && row < rows) rstd[row] = scale;
#pragma unroll
  for (int j = 0; j < kVector; ++j) kept[j] = round_to<T>(kept[j] * scale) * w[j];
  store(to, first, end, aligned, kept);
  if constexpr (kWide) {
    const T* again = kAdd ? sum_row : from;
    for (int64_t h = first + step; h < end; h += step) {
      float v[kVector];
      load(again, h, end, aligned, v);
      load(weight, h, end, aligned, w);
#pragma unroll
      for (int j = 0; j < kVector; ++j) v[j] = round_to<T>(v[j] * scale) * w[j];
      store(to, h, end, aligned, v);
    }
  }
}

template <class T, class W, bool kAdd>
auto norm_forward_for(int64_t width) {
  return width > kNarrowRow ? norm_forward<T, W, kAdd, true> : norm_forward<T, W, kAdd, false>;
}

}  // namespace genesis::kernels::cuda
