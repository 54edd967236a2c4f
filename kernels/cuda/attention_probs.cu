// A block a query and head: scores to the row of probs, then a softmax over it. For looking at, never for training.
// Share of peak: not measured.
#include "kernels/attention_probs.h"

#include <cmath>

#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void probabilities(const T* q, int64_t q_row, const T* k, int64_t k_row, int64_t queries, int64_t keys,
                              int64_t heads, int64_t kv_heads, int64_t d, float scale, float* probs) {
  __shared__ float scratch[33];
  const int64_t i = blockIdx.x, a = blockIdx.y, g = a * kv_heads / heads;
  const int64_t visible = keys - queries + i + 1;
  const T* query = q + i * q_row + a * d;
  float* row = probs + (a * queries + i) * keys;  // [keys]
  float top = -INFINITY;
  for (int64_t m = threadIdx.x; m < visible; m += blockDim.x) {
    const T* key = k + m * k_row + g * d;
    float score = 0;
    for (int64_t c = 0; c < d; ++c) score += widen(query[c]) * widen(key[c]);
    row[m] = score * scale;
    top = fmaxf(top, row[m]);
  }
  top = block_max(top, scratch);
  float sum = 0;
  for (int64_t m = threadIdx.x; m < visible; m += blockDim.x) {
    row[m] = expf(row[m] - top);
    sum += row[m];
  }
  sum = block_sum(sum, scratch);
  for (int64_t m = threadIdx.x; m < keys; m += blockDim.x) row[m] = m < visible ? row[m] / sum : 0.0f;
}

}  // namespace

void run_cuda(const AttentionProbs& o) {
  if (o.probs.numel() == 0) return;
  const int64_t heads = o.q.dim(1), d = o.q.dim(2);
  dispatch_device(o.q.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = o.q.dim(0), .blocks_y = heads}, probabilities<T>, pointer<T>(o.q), o.q.strides()[0],
           pointer<T>(o.k), o.k.strides()[0], o.q.dim(0), o.k.dim(0), heads, o.k.dim(1), d,
           float(o.scale > 0 ? o.scale : 1.0 / std::sqrt(double(d))), pointer<float>(o.probs));
  });
}

}  // namespace genesis::kernels
