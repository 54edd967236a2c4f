// A block takes one query head of a text and a share of its keys; 8, 16 or 32 lanes hold one key (8 elements
// a lane, 16-byte accesses), so 16, 8 or 4 keys are met at a time, four times unrolled. Each group of lanes
// keeps its own online softmax; groups are merged in order in shared memory, shares in order by a second
// kernel. 2 d s bytes per key and key/value head from memory (query heads of a group share them in L2). No
// atomics. Launch: 128 threads. Share of copy bandwidth: not measured.
#include "kernels/cached_attention.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/attention_params.cuh"
#include "kernels/cuda/column_sums.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

constexpr int kBlock = 128, kAtOnce = 4;
constexpr int64_t kKeysOfShare = 64, kMostShares = 64;  // a share below this many keys is not worth a block

template <class T>
struct Params {
  const T *q, *k, *v;
  T *keys, *values, *out;
  const int32_t *k_begin, *k_length;
  float* partial;  // [S, A, shares, 2 + d]: largest score, sum, weighted values
  int64_t q_row, k_row, v_row, out_row;
  int heads, kv_heads, d, shares;
  float scale;
  bool aligned;
};

/// Sum over the kLanes lanes that hold one key.
template <int kLanes>
__device__ inline float lanes_sum(float x) {
#pragma unroll
  for (int step = kLanes / 2; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}

/// e^(a - b), 0 where a is -infinity (also where b is).
__device__ inline float weight(float a, float b) { return a == -INFINITY ? 0.0f : expf(a - b); }

template <class T, int kLanes>
__global__ void share_of_keys(const Params<T> p) {
  constexpr int kGroups = kBlock / kLanes;
  __shared__ float tops[kGroups], sums[kGroups], parts[kGroups][kLanes * kVector];
  const int share = int(blockIdx.x) % p.shares, s = int(blockIdx.x) / p.shares, head = int(blockIdx.y);
  const int group_size = p.heads / p.kv_heads, kv_head = head / group_size;
  const int group = int(threadIdx.x) / kLanes, c = int(threadIdx.x) % kLanes * kVector;
  const int length = p.k_length[s], each = (length + p.shares - 1) / p.shares;
  const int begin = share * each, end = min(begin + each, length), last = length - 1;
  const int64_t row = int64_t(p.kv_heads) * p.d, cache = int64_t(p.k_begin[s]) * row + int64_t(kv_head) * p.d;
  const T *new_k = p.k + s * p.k_row + int64_t(kv_head) * p.d,
          *new_v = p.v + s * p.v_row + int64_t(kv_head) * p.d;
  float q[kVector];
  load(p.q + s * p.q_row + int64_t(head) * p.d, c, p.d, p.aligned, q);

  float top = -INFINITY, sum = 0, out[kVector] = {};
  for (int first = begin; first < end; first += kGroups * kAtOnce) {  // the same turns for every lane
    RawVector<T> keys[kAtOnce], values[kAtOnce];  // all under way before the first is used
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      const int m = first + u * kGroups + group;
      if (m < end) keys[u].load_from(m == last ? new_k : p.keys + cache + m * row, c, p.d, p.aligned);
    }
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      const int m = first + u * kGroups + group;
      if (m < end) values[u].load_from(m == last ? new_v : p.values + cache + m * row, c, p.d, p.aligned);
    }
    float score[kAtOnce], best = top;
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      const int m = first + u * kGroups + group;
      float k[kVector], dot = 0;
      keys[u].widened(k);
#pragma unroll
      for (int j = 0; j < kVector; ++j) dot += q[j] * k[j];
      dot = lanes_sum<kLanes>(dot);
      score[u] = m < end ? dot * p.scale : -INFINITY;
      best = fmaxf(best, score[u]);
    }
    const float shrink = weight(top, best);
    top = best;
    sum *= shrink;
#pragma unroll
    for (int j = 0; j < kVector; ++j) out[j] *= shrink;
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      const int m = first + u * kGroups + group;
      if (m >= end) continue;
      float v[kVector];
      values[u].widened(v);
      const float e = weight(score[u], best), rounded = round_to<T>(e);
      sum += e;
#pragma unroll
      for (int j = 0; j < kVector; ++j) out[j] += rounded * v[j];
      if (m == last && head % group_size == 0) {  // its place in the cache: one writer
        float k[kVector];
        load(new_k, c, p.d, p.aligned, k);
        store(p.keys + cache + m * row, c, p.d, p.aligned, k);
        store(p.values + cache + m * row, c, p.d, p.aligned, v);
      }
    }
  }

  if (c == 0) {
    tops[group] = top;
    sums[group] = sum;
  }
#pragma unroll
  for (int j = 0; j < kVector; ++j) parts[group][c + j] = out[j];
  __syncthreads();
  float* to = p.partial + (int64_t(s * p.heads + head) * p.shares + share) * (2 + p.d);
  float best = tops[0];
  for (int g = 1; g < kGroups; ++g) best = fmaxf(best, tops[g]);
  for (int i = int(threadIdx.x); i < p.d; i += kBlock) {
    float total = 0;
    for (int g = 0; g < kGroups; ++g) total += weight(tops[g], best) * parts[g][i];
    to[2 + i] = total;
  }
  if (threadIdx.x == 0) {
    float total = 0;
    for (int g = 0; g < kGroups; ++g) total += weight(tops[g], best) * sums[g];
    to[0] = best;
    to[1] = total;
  }
}

/// A block a text and head: shares in order.
template <class T>
__global__ void merge_shares(const Params<T> p) {
  const int s = int(blockIdx.x) / p.heads, head = int(blockIdx.x) % p.heads;
  const float* from = p.partial + int64_t(blockIdx.x) * p.shares * (2 + p.d);
  float best = -INFINITY, sum = 0;
  for (int i = 0; i < p.shares; ++i) best = fmaxf(best, from[i * (2 + p.d)]);
  for (int i = 0; i < p.shares; ++i) sum += weight(from[i * (2 + p.d)], best) * from[i * (2 + p.d) + 1];
  for (int c = int(threadIdx.x); c < p.d; c += int(blockDim.x)) {
    float total = 0;
    for (int i = 0; i < p.shares; ++i)
      total += weight(from[i * (2 + p.d)], best) * from[i * (2 + p.d) + 2 + c];
    p.out[s * p.out_row + int64_t(head) * p.d + c] = narrow<T>(total / sum);
  }
}

/// Enough blocks to fill the card four times, none with a handful of keys; a function of `longest`, not of
/// lengths.
int shares_of(const CachedAttention& o) {
  const int64_t rows = o.q.dim(0) * o.q.dim(1), wanted = 4 * genesis::cuda::probe().multiprocessors;
  const int64_t most = std::min((o.longest + kKeysOfShare - 1) / kKeysOfShare, kMostShares);
  return int(std::clamp((wanted + rows - 1) / rows, int64_t{1}, std::max<int64_t>(1, most)));
}

template <class T>
void attend(const CachedAttention& o) {
  const Array begin = card_copy(o.k_begin), length = card_copy(o.k_length);
  const int64_t texts = o.q.dim(0), heads = o.q.dim(1), d = o.q.dim(2);
  const int shares = shares_of(o);
  const Array partial = card_workspace({texts * heads * shares, 2 + d}, DType::f32);
  bool aligned = d % kVector == 0;
  for (const Array* a : {&o.q, &o.k, &o.v, &o.keys, &o.values}) aligned = aligned && is_aligned(*a);
  const Params<T> p{.q = pointer<T>(o.q),
                    .k = pointer<T>(o.k),
                    .v = pointer<T>(o.v),
                    .keys = pointer<T>(o.keys),
                    .values = pointer<T>(o.values),
                    .out = pointer<T>(o.out),
                    .k_begin = pointer<int32_t>(begin),
                    .k_length = pointer<int32_t>(length),
                    .partial = pointer<float>(partial),
                    .q_row = o.q.strides()[0],
                    .k_row = o.k.strides()[0],
                    .v_row = o.v.strides()[0],
                    .out_row = o.out.strides()[0],
                    .heads = int(heads),
                    .kv_heads = int(o.k.dim(1)),
                    .d = int(d),
                    .shares = shares,
                    .scale = attention_scale(o.scale, d),
                    .aligned = aligned};
  const Grid grid{.blocks = texts * shares, .threads = kBlock, .blocks_y = heads};
  if (d <= 8 * kVector)
    launch(o.kName, grid, share_of_keys<T, 8>, p);
  else if (d <= 16 * kVector)
    launch(o.kName, grid, share_of_keys<T, 16>, p);
  else
    launch(o.kName, grid, share_of_keys<T, 32>, p);
  launch("cached_attention.merge", {.blocks = texts * heads, .threads = kBlock}, merge_shares<T>, p);
}

}  // namespace

void run_cuda(const CachedAttention& o) {
  if (o.out.numel() == 0) return;
  dispatch_device(o.q.dtype(), [&](auto tag) { attend<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
