// A block a row; a row is read from memory once and from L2 again (forward three times in all, backward twice).
// Sums over lanes, then warps: fixed by the width. Launch: H / 8 threads, at most 1024. Share of peak: not measured.
#include "kernels/softmax.h"

#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void forward(const T* x, RowMap x_rows, T* y, RowMap y_rows, int64_t width, bool aligned) {
  __shared__ float scratch[33];
  const T* from = x + x_rows.at(blockIdx.x);
  T* to = y + y_rows.at(blockIdx.x);
  const int64_t step = int64_t(blockDim.x) * kVector, first = int64_t(threadIdx.x) * kVector;
  float top = -INFINITY;
  for (int64_t h = first; h < width; h += step) {
    float v[kVector];
    load(from, h, width, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j)
      if (h + j < width) top = fmaxf(top, v[j]);
  }
  top = block_max(top, scratch);
  float sum = 0;
  for (int64_t h = first; h < width; h += step) {
    float v[kVector];
    load(from, h, width, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j)
      if (h + j < width) sum += expf(v[j] - top);
  }
  const float inverse = 1.0f / block_sum(sum, scratch);
  for (int64_t h = first; h < width; h += step) {
    float v[kVector];
    load(from, h, width, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) v[j] = expf(v[j] - top) * inverse;
    store(to, h, width, aligned, v);
  }
}

template <class T>
__global__ void backward(const T* y, RowMap y_rows, const T* dy, RowMap dy_rows, T* dx, RowMap dx_rows, int64_t width,
                         bool aligned) {
  __shared__ float scratch[33];
  const T *p = y + y_rows.at(blockIdx.x), *g = dy + dy_rows.at(blockIdx.x);
  T* to = dx + dx_rows.at(blockIdx.x);
  const int64_t step = int64_t(blockDim.x) * kVector, first = int64_t(threadIdx.x) * kVector;
  float dot = 0;
  for (int64_t h = first; h < width; h += step) {
    float a[kVector], b[kVector];
    load(p, h, width, aligned, a);
    load(g, h, width, aligned, b);
#pragma unroll
    for (int j = 0; j < kVector; ++j) dot += a[j] * b[j];
  }
  dot = block_sum(dot, scratch);
  for (int64_t h = first; h < width; h += step) {
    float a[kVector], b[kVector];
    load(p, h, width, aligned, a);
    load(g, h, width, aligned, b);
#pragma unroll
    for (int j = 0; j < kVector; ++j) a[j] *= b[j] - dot;
    store(to, h, width, aligned, a);
  }
}

}  // namespace

void run_cuda(const SoftmaxForward& o) {
  if (o.x.numel() == 0) return;
  const int64_t width = o.x.dim(-1);
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = o.x.numel() / width, .threads = row_threads(width)}, forward<T>, pointer<T>(o.x),
           rows_of(o.kName, o.x), pointer<T>(o.y), rows_of(o.kName, o.y), width, is_aligned(o.x) && is_aligned(o.y));
  });
}

void run_cuda(const SoftmaxBackward& o) {
  if (o.y.numel() == 0) return;
  const int64_t width = o.y.dim(-1);
  dispatch_device(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = o.y.numel() / width, .threads = row_threads(width)}, backward<T>, pointer<T>(o.y),
           rows_of(o.kName, o.y), pointer<T>(o.dy), rows_of(o.kName, o.dy), pointer<T>(o.dx), rows_of(o.kName, o.dx),
           width, is_aligned(o.y) && is_aligned(o.dy) && is_aligned(o.dx));
  });
}

}  // namespace genesis::kernels
