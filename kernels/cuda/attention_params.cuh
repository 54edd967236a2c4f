#pragma once
#include <cmath>

#include "kernels/cuda/attention_tiles.h"
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

inline constexpr float kLog2e = 1.44269504088896340736f;

/// Everything an attention kernel reads. Rows of q, k, v, … are `*_row` elements apart, heads d.
template <class T>
struct AttentionParams {
  const T *q, *k, *v, *dout;
  T *out, *dq, *dk, *dv;
  float* lse;          // [A, N]; may be null in forward
  const float* delta;  // [A, N]: dout . out
  int64_t q_row, k_row, v_row, out_row, dout_row, dq_row, dk_row, dv_row, rows;  // rows: N
  const int32_t *cu_q, *k_begin, *k_length;
  const AttentionTile *query_tiles, *key_tiles;
  int heads, kv_heads, d;
  float scale;
};

__device__ inline bool is_empty(const AttentionTile& tile) { return tile.sequence < 0; }

/// One sequence as a kernel sees it.
struct DeviceSequence {
  int64_t q_begin, k_begin;
  int q_length, k_length;
  /// Keys that query i sees: 0 .. visible(i) - 1.
  __device__ int visible(int i) const { return k_length - q_length + i + 1; }
  /// The first query that sees key m.
  __device__ int first_query(int m) const {
    const int i = m - (k_length - q_length);
    return i < 0 ? 0 : i;
  }
};
template <class T>
__device__ inline DeviceSequence sequence(const AttentionParams<T>& p, int s) {
  return {p.cu_q[s], p.k_begin[s], p.cu_q[s + 1] - p.cu_q[s], p.k_length[s]};
}

inline float attention_scale(double given, int64_t d) {
  return float(given > 0 ? given : 1.0 / std::sqrt(double(d)));
}

/// Head dimensions the tiled kernels are made for; all others, and f32, take attention_simple.cuh.
template <class T>
bool has_tiles(const AttentionParams<T>& p) {
  if constexpr (std::is_same_v<T, float>) return false;
  if (p.d != 64 && p.d != 96 && p.d != 128) return false;
  const auto aligned = [](const void* a, int64_t row) {
    return reinterpret_cast<uintptr_t>(a) % 16 == 0 && row % 8 == 0 && row < (1 << 23);
  };
  return aligned(p.q, p.q_row) && aligned(p.k, p.k_row) && aligned(p.v, p.v_row) &&
         aligned(p.out, p.out_row) && aligned(p.dout, p.dout_row) && aligned(p.dq, p.dq_row) &&
         aligned(p.dk, p.dk_row) && aligned(p.dv, p.dv_row);
}

}  // namespace genesis::kernels::cuda
