#pragma once
// One block a row of logits: the log of the sum of exponentials, the loss, and the gradient written over the
// logits. Forward reads a row once (running maximum and sum); the gradient reads it again, from L2 while it
// lasts, and writes it once. Sums over lanes, then warps: fixed by the vocabulary alone.
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kLogitThreads = 512;

/// sum_v e^(z_v - top) of a row and its highest logit `top`, in every thread.
template <class T>
__device__ inline float sum_exp(const T* z, int64_t width, bool aligned, float* scratch, float& top) {
  float best = -INFINITY, sum = 0;
  for (int64_t v = int64_t(threadIdx.x) * kVector; v < width; v += int64_t(blockDim.x) * kVector) {
    float x[kVector];
    load(z, v, width, aligned, x);
    float here = best;
#pragma unroll
    for (int j = 0; j < kVector; ++j)
      if (v + j < width) here = fmaxf(here, x[j]);
    if (here > best) {
      sum *= __expf(best - here);  // e^-inf = 0 the first time
      best = here;
    }
#pragma unroll
    for (int j = 0; j < kVector; ++j)
      if (v + j < width) sum += __expf(x[j] - best);
  }
  top = block_max(best, scratch);
  sum = best == -INFINITY ? 0.0f : sum * __expf(best - top);
  return block_sum(sum, scratch);
}

/// ln sum_v e^(z_v) - top.
template <class T>
__device__ inline float log_sum_exp(const T* z, int64_t width, bool aligned, float* scratch, float& top) {
  return logf(sum_exp(z, width, aligned, scratch, top));
}

/// Loss of one row and, with `gradient`, scale (softmax - [v = target]) written to `out` (which may be z).
template <class T>
__device__ inline void gradient_row(const T* z, T* out, int64_t width, bool aligned, float lse, float scale,
                                    int64_t target) {
  for (int64_t v = int64_t(threadIdx.x) * kVector; v < width; v += int64_t(blockDim.x) * kVector) {
    float x[kVector];
    load(z, v, width, aligned, x);
#pragma unroll
    for (int j = 0; j < kVector; ++j) {
      const float p = __expf(x[j] - lse);
      x[j] = scale * (v + j == target ? p - 1.0f : p);
    }
    store(out, v, width, aligned, x);
  }
}

}  // namespace genesis::kernels::cuda
