#pragma once
// Two kernels and no atomics: one owns queries and sums dq over keys, one owns keys and sums dk and dv over
// queries and the heads of the group, each in order. Scores are made in both (7 products instead of 5), in
// exchange for results that repeat bit for bit and no f32 copy of dq.
#include "kernels/cuda/attention_tile.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kBackwardThreads = 128, kDeltaLanes = 16;
inline constexpr int kDqQueries = 64, kDqKeys = 32;    // a warp owns 16 queries
inline constexpr int kDkvKeys = 64, kDkvQueries = 32;  // a warp owns 16 keys

template <class T, int kD>
constexpr int64_t dq_shared_bytes() {
  return int64_t(sizeof(T)) * kTileRow<kD> * (2 * kDqQueries + 4 * kDqKeys);
}
template <class T, int kD>
constexpr int64_t dkv_shared_bytes() {
  return int64_t(sizeof(T)) * kTileRow<kD> * (2 * kDkvKeys + 4 * kDkvQueries) +
         int64_t(4 * kDkvQueries * sizeof(float));
}

/// delta_an = dout_n . out_n of head a: 16 lanes a row and head, 16-byte accesses; 2 d s bytes per row and
/// head.
template <class T>
__global__ void attention_delta(const AttentionParams<T> p, bool aligned, float* delta) {
  const int64_t item = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / kDeltaLanes;
  const int64_t n = item / p.heads, a = item % p.heads;
  const int lane = int(threadIdx.x) % kDeltaLanes, d = item < p.rows * p.heads ? p.d : 0;
  const T *x = p.dout + n * p.dout_row + a * p.d, *y = p.out + n * p.out_row + a * p.d;
  float sum = 0;
  for (int c = lane * kVector; c < d; c += kDeltaLanes * kVector) {
    float u[kVector], v[kVector];
    load(x, c, d, aligned, u);
    load(y, c, d, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) sum += u[j] * v[j];
  }
#pragma unroll
  for (int step = kDeltaLanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
  if (lane == 0 && d > 0) delta[a * p.rows + n] = sum;
}

template <class T, int kD>
__global__ void __launch_bounds__(kBackwardThreads, 2) attention_dq(const AttentionParams<T> p) {
  constexpr int kTile = kDqKeys * kTileRow<kD>;
  T* q_tile = reinterpret_cast<T*>(dynamic_shared());  // [64][row]
  T* dout_tile = q_tile + kDqQueries * kTileRow<kD>;   // [64][row]
  T* k_tiles = dout_tile + kDqQueries * kTileRow<kD>;  // [2][32][row]
  T* v_tiles = k_tiles + 2 * kTile;                    // [2][32][row]
  const AttentionTile tile = p.query_tiles[blockIdx.x];
  if (is_empty(tile)) return;
  const DeviceSequence s = sequence(p, tile.sequence);
  const int head = int(blockIdx.y), kv_head = head * p.kv_heads / p.heads;
  const int count = min(kDqQueries, s.q_length - tile.first);
  const int lane = int(threadIdx.x) % 32, warp = int(threadIdx.x) / 32, g = lane / 4, t = lane % 4;
  const int64_t row0 = s.q_begin + tile.first;
  const T* k = p.k + s.k_begin * p.k_row + kv_head * kD;
  const T* v = p.v + s.k_begin * p.v_row + kv_head * kD;
  const int keys = s.visible(tile.first + count - 1), steps = (keys + kDqKeys - 1) / kDqKeys;
  const auto fetch = [&](int step) {
    const int m = step * kDqKeys, left = min(kDqKeys, s.k_length - m);
    fetch_tile<kDqKeys, kD, kBackwardThreads>(k_tiles + step % 2 * kTile, k + m * p.k_row, p.k_row, left);
    fetch_tile<kDqKeys, kD, kBackwardThreads>(v_tiles + step % 2 * kTile, v + m * p.v_row, p.v_row, left);
  };
  fetch_tile<kDqQueries, kD, kBackwardThreads>(q_tile, p.q + row0 * p.q_row + head * kD, p.q_row, count);
  fetch_tile<kDqQueries, kD, kBackwardThreads>(dout_tile, p.dout + row0 * p.dout_row + head * kD, p.dout_row,
                                               count);
  fetch(0);
  commit_copies();
  const SharedAddress q_lane = lane_address<kD>(q_tile + warp * 16 * kTileRow<kD>),
                      dout_lane = lane_address<kD>(dout_tile + warp * 16 * kTileRow<kD>),
                      k_lane = lane_address<kD>(k_tiles), k_lane_by_rows = lane_address_by_rows<kD>(k_tiles),
                      v_lane_by_rows = lane_address_by_rows<kD>(v_tiles);

  float lse[2], delta[2];
  const int seen_by_row = s.visible(tile.first + warp * 16 + g);  // by this thread's first row
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const int row = warp * 16 + g + h * 8;
    const int64_t at = head * p.rows + row0 + row;
    lse[h] = row < count ? p.lse[at] * kLog2e : 0.0f;
    delta[h] = row < count ? p.delta[at] : 0.0f;
  }
  float dq[kD / 8][4] = {};
  const float factor = p.scale * kLog2e;
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps) fetch(step + 1);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    const int slot = step % 2 * kTile * 2;  // bytes
    float score[kDqKeys / 8][4] = {}, dp[kDqKeys / 8][4] = {};
    add_row_products<kD, T>(score, dp, q_lane, dout_lane, k_lane_by_rows + slot, v_lane_by_rows + slot);
    const int seen_here = seen_by_row - step * kDqKeys;
    unchecked_if(all_lanes(seen_here >= kDqKeys), [&](auto checked) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
#pragma unroll
        for (int n = 0; n < kDqKeys / 8; ++n) {
#pragma unroll
          for (int j = 0; j < 2; ++j) {
            float prob = power_of_two(fmaf(score[n][h * 2 + j], factor, -lse[h]));
            if (decltype(checked)::value && n * 8 + t * 2 + j >= seen_here + h * 8) prob = 0;
            score[n][h * 2 + j] = prob * (dp[n][h * 2 + j] - delta[h]);
          }
        }
      }
    });
    add_product<kD, T>(dq, score, k_lane + slot);
    __syncthreads();
  }
  store_rows(p.dq + row0 * p.dq_row + head * kD, p.dq_row, warp * 16, count, dq, p.scale, p.scale);
}

template <class T, int kD>
__global__ void __launch_bounds__(kBackwardThreads, 2) attention_dkv(const AttentionParams<T> p) {
  constexpr int kTile = kDkvQueries * kTileRow<kD>;
  T* k_tile = reinterpret_cast<T*>(dynamic_shared());                   // [64][row]
  T* v_tile = k_tile + kDkvKeys * kTileRow<kD>;                         // [64][row]
  T* q_tiles = v_tile + kDkvKeys * kTileRow<kD>;                        // [2][32][row]
  T* dout_tiles = q_tiles + 2 * kTile;                                  // [2][32][row]
  float* lse_tiles = reinterpret_cast<float*>(dout_tiles + 2 * kTile);  // [2][32]
  float* delta_tiles = lse_tiles + 2 * kDkvQueries;                     // [2][32]
  const AttentionTile tile = p.key_tiles[blockIdx.x];
  if (is_empty(tile)) return;
  const DeviceSequence s = sequence(p, tile.sequence);
  const int kv_head = int(blockIdx.y), group = p.heads / p.kv_heads;
  const int count = min(kDkvKeys, s.k_length - tile.first);
  const int lane = int(threadIdx.x) % 32, warp = int(threadIdx.x) / 32, g = lane / 4, t = lane % 4;
  const int64_t row0 = s.k_begin + tile.first;
  const int first_query = s.first_query(tile.first) / kDkvQueries * kDkvQueries;
  const int tiles = (s.q_length - first_query + kDkvQueries - 1) / kDkvQueries;  // of one head
  const int steps = tiles > 0 ? tiles * group : 0;
  int next_head = kv_head * group, next_query = first_query;  // of the tile that is fetched next
  const auto fetch = [&](int slot) {
    const int head = next_head, left = min(kDkvQueries, s.q_length - next_query);
    const int64_t n = s.q_begin + next_query;
    next_query += kDkvQueries;
    if (next_query >= s.q_length) {
      next_query = first_query;
      ++next_head;
    }
    fetch_tile<kDkvQueries, kD, kBackwardThreads>(q_tiles + slot * kTile, p.q + n * p.q_row + head * kD,
                                                  p.q_row, left);
    fetch_tile<kDkvQueries, kD, kBackwardThreads>(dout_tiles + slot * kTile,
                                                  p.dout + n * p.dout_row + head * kD, p.dout_row, left);
    if (threadIdx.x < kDkvQueries) {
      const int r = int(threadIdx.x);
      const int64_t at = head * p.rows + n + r;
      lse_tiles[slot * kDkvQueries + r] = r < left ? p.lse[at] * kLog2e : 0.0f;
      delta_tiles[slot * kDkvQueries + r] = r < left ? p.delta[at] : 0.0f;
    }
  };
  fetch_tile<kDkvKeys, kD, kBackwardThreads>(k_tile, p.k + row0 * p.k_row + kv_head * kD, p.k_row, count);
  fetch_tile<kDkvKeys, kD, kBackwardThreads>(v_tile, p.v + row0 * p.v_row + kv_head * kD, p.v_row, count);
  if (steps > 0) fetch(0);
  commit_copies();
  const SharedAddress k_lane = lane_address<kD>(k_tile + warp * 16 * kTileRow<kD>),
                      v_lane = lane_address<kD>(v_tile + warp * 16 * kTileRow<kD>),
                      q_lane = lane_address<kD>(q_tiles), q_lane_by_rows = lane_address_by_rows<kD>(q_tiles);
  constexpr int kToDout = 2 * kTile * 2;  // bytes from q_tiles to dout_tiles

  int i0 = first_query;  // the first query of the tile in use
  float dk[kD / 8][4] = {}, dv[kD / 8][4] = {};
  const float factor = p.scale * kLog2e;
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps) fetch((step + 1) % 2);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    const int slot = step % 2;
    const SharedAddress q = q_lane + slot * kTile * 2, q_by_rows = q_lane_by_rows + slot * kTile * 2;
    const float *lse = lse_tiles + slot * kDkvQueries, *delta = delta_tiles + slot * kDkvQueries;
    float prob[kDkvQueries / 8][4] = {}, ds[kDkvQueries / 8][4] = {};  // transposed: rows are keys
    add_row_products<kD, T>(prob, ds, k_lane, v_lane, q_by_rows, q_by_rows + kToDout);
    // The first of these queries sees all keys of the warp, and all of them exist.
    const bool all_seen = i0 + kDkvQueries <= s.q_length && tile.first + warp * 16 + 16 <= s.visible(i0);
    unchecked_if(all_seen, [&](auto checked) {
#pragma unroll
      for (int n = 0; n < kDkvQueries / 8; ++n) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int query = n * 8 + t * 2 + e % 2, key = tile.first + warp * 16 + g + e / 2 * 8;
          float x = power_of_two(fmaf(prob[n][e], factor, -lse[query]));
          if (decltype(checked)::value && (i0 + query >= s.q_length || key >= s.visible(i0 + query))) x = 0;
          prob[n][e] = x;
          ds[n][e] = x * (ds[n][e] - delta[query]);
        }
      }
    });
    add_product<kD, T>(dv, prob, q + kToDout);
    add_product<kD, T>(dk, ds, q);
    i0 += kDkvQueries;
    if (i0 >= s.q_length) i0 = first_query;
    __syncthreads();
  }
  store_rows(p.dk + row0 * p.dk_row + kv_head * kD, p.dk_row, warp * 16, count, dk, p.scale, p.scale);
  store_rows(p.dv + row0 * p.dv_row + kv_head * kD, p.dv_row, warp * 16, count, dv, 1.0f, 1.0f);
}

}  // namespace genesis::kernels::cuda
