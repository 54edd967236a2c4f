#pragma once
// One block of 4 warps per 128 queries of one sequence and head; a warp owns 32 of them (two m16 tiles that
// share every fragment of k and v). Keys come in tiles of kKeys, the next one copied while this one is used.
// Scores live in registers (online softmax); 2 N d s bytes of k and v per tile from L2. Tiles that every row
// of a warp sees whole are not checked key by key. Sums over keys in order: bitwise.
#include "kernels/cuda/attention_tile.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kForwardQueries = 128, kForwardThreads = 128;
template <int kD>
inline constexpr int kForwardKeys = kD > 64 ? 32 : 64;

template <class T, int kD>
constexpr int64_t forward_shared_bytes() {
  return int64_t(sizeof(T)) * kTileRow<kD> * (kForwardQueries + 4 * kForwardKeys<kD>);
}

template <class T, int kD>
__global__ void __launch_bounds__(kForwardThreads, 2) attention_forward(const AttentionParams<T> p) {
  constexpr int kKeys = kForwardKeys<kD>, kTile = kKeys * kTileRow<kD>;
  T* q_tile = reinterpret_cast<T*>(dynamic_shared());    // [128][row]
  T* k_tiles = q_tile + kForwardQueries * kTileRow<kD>;  // [2][kKeys][row]
  T* v_tiles = k_tiles + 2 * kTile;                      // [2][kKeys][row]
  const int head = int(blockIdx.y), kv_head = head * p.kv_heads / p.heads;
  const int lane = int(threadIdx.x) % 32, warp = int(threadIdx.x) / 32, g = lane / 4, t = lane % 4;
  // What the loop over keys needs of the tile, and no more: registers are short. The rest is read again
  // behind it.
  const T *k, *v;
  int keys, k_length, seen_by_row;  // seen_by_row: keys that this thread's first row sees
  {
    const AttentionTile tile = p.query_tiles[blockIdx.x];
    if (is_empty(tile)) return;
    const DeviceSequence s = sequence(p, tile.sequence);
    const int count = min(kForwardQueries, s.q_length - tile.first);
    keys = s.visible(tile.first + count - 1);
    k_length = s.k_length;
    seen_by_row = s.visible(tile.first + warp * 32 + g);
    const T* q = p.q + (s.q_begin + tile.first) * p.q_row + head * kD;
    k = p.k + s.k_begin * p.k_row + kv_head * kD;
    v = p.v + s.k_begin * p.v_row + kv_head * kD;
    fetch_tile<kForwardQueries, kD, kForwardThreads>(q_tile, q, p.q_row, count);
  }
  const auto fetch = [&](int first_key, int slot) {  // and moves k and v on to the next tile
    const int left = min(kKeys, k_length - first_key);
    fetch_tile<kKeys, kD, kForwardThreads>(k_tiles + slot * kTile, k, p.k_row, left);
    fetch_tile<kKeys, kD, kForwardThreads>(v_tiles + slot * kTile, v, p.v_row, left);
    k += kKeys * p.k_row;
    v += kKeys * p.v_row;
  };
  fetch(0, 0);
  commit_copies();
  const SharedAddress q_lane = lane_address<kD>(q_tile + warp * 32 * kTileRow<kD>),
                      k_lane = lane_address_by_rows<kD>(k_tiles), v_lane = lane_address<kD>(v_tiles);

  float out[2][kD / 8][4] = {};  // [tile of 16 queries][d / 8][fragment]
  float top[2][2], sum[2][2];    // [tile][row g, row g + 8]
#pragma unroll
  for (int i = 0; i < 2; ++i)
    for (int h = 0; h < 2; ++h) {
      top[i][h] = -INFINITY;
      sum[i][h] = 0;
    }
  const float factor = p.scale * kLog2e;

  for (int first_key = 0, slot = 0; first_key < keys; first_key += kKeys, slot ^= 1) {
    if (first_key + kKeys < keys) fetch(first_key + kKeys, slot ^ 1);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    const SharedAddress k_tile = k_lane + slot * kTile * 2, v_tile = v_lane + slot * kTile * 2;
    float score[2][kKeys / 8][4] = {};
#pragma unroll 4  // all of it at once asks for more registers than there are
    for (int c = 0; c < kD; c += 16) {
      uint32_t a[2][4];
      load_a<kD>(a[0], q_lane, 0, c);
      load_a<kD>(a[1], q_lane, 16, c);
#pragma unroll
      for (int n = 0; n < kKeys / 8; n += 2) {
        uint32_t b[4];
        load_b_rows<kD>(b, k_tile, n * 8, c);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          mma<T>(score[i][n], a[i], b[0], b[1]);
          mma<T>(score[i][n + 1], a[i], b[2], b[3]);
        }
      }
    }
    float shrink[2][2];
    unchecked_if(all_lanes(seen_by_row - first_key >= kKeys), [&](auto checked) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int h = 0; h < 2; ++h) {
          const int seen = seen_by_row + i * 16 + h * 8 - first_key;  // of this tile
          float best = -INFINITY;                                     // before the factor, which is positive
#pragma unroll
          for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
            for (int j = 0; j < 2; ++j) {
              float& x = score[i][n][h * 2 + j];
              if (decltype(checked)::value && n * 8 + t * 2 + j >= seen) x = -INFINITY;
              best = fmaxf(best, x);
            }
          }
          best = fmaxf(top[i][h], quad_max(best) * factor);
          const float shift = best == -INFINITY ? 0.0f : best;  // a row that sees nothing yet
          shrink[i][h] = power_of_two(top[i][h] - shift);
          top[i][h] = best;
          float here = 0;
#pragma unroll
          for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
            for (int j = 0; j < 2; ++j) {
              float& x = score[i][n][h * 2 + j];
              x = power_of_two(fmaf(x, factor, -shift));
              here += x;
            }
          }
          sum[i][h] = sum[i][h] * shrink[i][h] + here;
        }
      }
    });
    // Most tiles hold no new highest score of any row, and a factor of 1 changes nothing.
    if (!all_lanes(shrink[0][0] == 1 && shrink[0][1] == 1 && shrink[1][0] == 1 && shrink[1][1] == 1)) {
#pragma unroll
      for (int i = 0; i < 2; ++i)
#pragma unroll
        for (int n = 0; n < kD / 8; ++n)
#pragma unroll
          for (int e = 0; e < 4; ++e) out[i][n][e] *= shrink[i][e / 2];
    }
#pragma unroll
    for (int c = 0; c < kKeys / 16; ++c) {
      uint32_t a[2][4];
      as_a<T>(a[0], score[0], c);
      as_a<T>(a[1], score[1], c);
#pragma unroll
      for (int n = 0; n < kD / 8; n += 2) {
        uint32_t b[4];
        load_b_columns<kD>(b, v_tile, c * 16, n * 8);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          mma<T>(out[i][n], a[i], b[0], b[1]);
          mma<T>(out[i][n + 1], a[i], b[2], b[3]);
        }
      }
    }
    __syncthreads();  // before the next fetch overwrites this tile
  }

  const AttentionTile tile = p.query_tiles[blockIdx.x];
  const int64_t first_row = p.cu_q[tile.sequence] + tile.first;
  const int count = min(kForwardQueries, int(p.cu_q[tile.sequence + 1] - first_row));
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int row0 = warp * 32 + i * 16;
    float inverse[2];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float total = quad_sum(sum[i][h]);
      inverse[h] = 1.0f / total;
      const int row = row0 + g + h * 8;
      if (p.lse && t == 0 && row < count)
        p.lse[head * p.rows + first_row + row] = (top[i][h] + log2f(total)) / kLog2e;
    }
    store_rows(p.out + first_row * p.out_row + head * kD, p.out_row, row0, count, out[i], inverse[0],
               inverse[1]);
  }
}

}  // namespace genesis::kernels::cuda
