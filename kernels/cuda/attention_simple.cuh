#pragma once
// Any head dimension and f32: one query (or key) after the other, scores of 128 keys at a time in shared
// memory. Correct and slow; sums in order, no atomics.
#include "kernels/cuda/attention_params.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kSimpleThreads = 128, kSimpleRows = 16;
inline constexpr int kSimpleDim = 1024;  // the largest head dimension

template <class T>
__device__ inline float dot(const T* a, const T* b, int d) {
  float sum = 0;
  for (int c = 0; c < d; ++c) sum += widen(a[c]) * widen(b[c]);
  return sum;
}

template <class T>
__global__ void simple_forward(const AttentionParams<T> p) {
  __shared__ float scratch[33], prob[kSimpleThreads], sums[kSimpleDim];
  const AttentionTile tile = p.query_tiles[blockIdx.x];
  if (is_empty(tile)) return;
  const DeviceSequence s = sequence(p, tile.sequence);
  const int head = int(blockIdx.y), kv_head = head * p.kv_heads / p.heads, j = int(threadIdx.x);
  for (int i = tile.first; i < min(tile.first + kSimpleRows, s.q_length); ++i) {
    const int64_t n = s.q_begin + i;
    const T* q = p.q + n * p.q_row + int64_t(head) * p.d;
    for (int c = j; c < p.d; c += kSimpleThreads) sums[c] = 0;
    float top = -INFINITY, total = 0;
    const int keys = s.visible(i);
    for (int m0 = 0; m0 < keys; m0 += kSimpleThreads) {
      const int here = min(kSimpleThreads, keys - m0);
      const int64_t row = s.k_begin + m0;
      const float x =
          j < here ? dot(q, p.k + (row + j) * p.k_row + int64_t(kv_head) * p.d, p.d) * p.scale : -INFINITY;
      const float best = fmaxf(top, block_max(x, scratch)), shrink = expf(top - best);
      const float e = j < here ? expf(x - best) : 0.0f;
      prob[j] = round_to<T>(e);
      total = total * shrink + block_sum(e, scratch);  // its barriers also publish prob
      top = best;
      for (int c = j; c < p.d; c += kSimpleThreads) {
        float sum = sums[c] * shrink;
        const T* v = p.v + row * p.v_row + int64_t(kv_head) * p.d + c;
        for (int m = 0; m < here; ++m) sum += prob[m] * widen(v[m * p.v_row]);
        sums[c] = sum;
      }
      __syncthreads();
    }
    T* out = p.out + n * p.out_row + int64_t(head) * p.d;
    for (int c = j; c < p.d; c += kSimpleThreads) out[c] = narrow<T>(sums[c] / total);
    if (p.lse && j == 0) p.lse[head * p.rows + n] = top + logf(total);
  }
}

template <class T>
__global__ void simple_dq(const AttentionParams<T> p) {
  __shared__ float ds[kSimpleThreads], sums[kSimpleDim];
  const AttentionTile tile = p.query_tiles[blockIdx.x];
  if (is_empty(tile)) return;
  const DeviceSequence s = sequence(p, tile.sequence);
  const int head = int(blockIdx.y), kv_head = head * p.kv_heads / p.heads, j = int(threadIdx.x);
  for (int i = tile.first; i < min(tile.first + kSimpleRows, s.q_length); ++i) {
    const int64_t n = s.q_begin + i;
    const T *q = p.q + n * p.q_row + int64_t(head) * p.d,
            *dout = p.dout + n * p.dout_row + int64_t(head) * p.d;
    const float lse = p.lse[head * p.rows + n], delta = p.delta[head * p.rows + n];
    for (int c = j; c < p.d; c += kSimpleThreads) sums[c] = 0;
    const int keys = s.visible(i);
    for (int m0 = 0; m0 < keys; m0 += kSimpleThreads) {
      const int here = min(kSimpleThreads, keys - m0);
      const int64_t row = s.k_begin + m0, column = int64_t(kv_head) * p.d;
      if (j < here) {
        const float prob = expf(dot(q, p.k + (row + j) * p.k_row + column, p.d) * p.scale - lse);
        ds[j] = round_to<T>(prob * (dot(dout, p.v + (row + j) * p.v_row + column, p.d) - delta));
      }
      __syncthreads();
      for (int c = j; c < p.d; c += kSimpleThreads) {
        const T* k = p.k + row * p.k_row + column + c;
        for (int m = 0; m < here; ++m) sums[c] += ds[m] * widen(k[m * p.k_row]);
      }
      __syncthreads();
    }
    T* dq = p.dq + n * p.dq_row + int64_t(head) * p.d;
    for (int c = j; c < p.d; c += kSimpleThreads) dq[c] = narrow<T>(sums[c] * p.scale);
  }
}

template <class T>
__global__ void simple_dkv(const AttentionParams<T> p) {
  __shared__ float prob[kSimpleThreads], ds[kSimpleThreads], dk_sums[kSimpleDim], dv_sums[kSimpleDim];
  const AttentionTile tile = p.key_tiles[blockIdx.x];
  if (is_empty(tile)) return;
  const DeviceSequence s = sequence(p, tile.sequence);
  const int kv_head = int(blockIdx.y), group = p.heads / p.kv_heads, j = int(threadIdx.x);
  for (int m = tile.first; m < min(tile.first + kSimpleRows, s.k_length); ++m) {
    const int64_t row = s.k_begin + m, column = int64_t(kv_head) * p.d;
    const T *k = p.k + row * p.k_row + column, *v = p.v + row * p.v_row + column;
    for (int c = j; c < p.d; c += kSimpleThreads) dk_sums[c] = dv_sums[c] = 0;
    for (int head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      for (int i0 = s.first_query(m); i0 < s.q_length; i0 += kSimpleThreads) {
        const int here = min(kSimpleThreads, s.q_length - i0);
        const int64_t n = s.q_begin + i0, first = int64_t(head) * p.d;
        if (j < here) {
          const int64_t at = head * p.rows + n + j;
          const float x = expf(dot(p.q + (n + j) * p.q_row + first, k, p.d) * p.scale - p.lse[at]);
          prob[j] = round_to<T>(x);
          ds[j] = round_to<T>(x * (dot(p.dout + (n + j) * p.dout_row + first, v, p.d) - p.delta[at]));
        }
        __syncthreads();
        for (int c = j; c < p.d; c += kSimpleThreads) {
          for (int i = 0; i < here; ++i) {
            dv_sums[c] += prob[i] * widen(p.dout[(n + i) * p.dout_row + first + c]);
            dk_sums[c] += ds[i] * widen(p.q[(n + i) * p.q_row + first + c]);
          }
        }
        __syncthreads();
      }
    }
    for (int c = j; c < p.d; c += kSimpleThreads) {
      p.dk[row * p.dk_row + column + c] = narrow<T>(dk_sums[c] * p.scale);
      p.dv[row * p.dv_row + column + c] = narrow<T>(dv_sums[c]);
    }
  }
}

}  // namespace genesis::kernels::cuda
