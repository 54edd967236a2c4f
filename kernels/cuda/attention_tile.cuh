#pragma once
// Tiles of rows in shared memory, and the products a warp makes with them.
#include "kernels/cuda/attention_params.cuh"
#include "kernels/cuda/mma.cuh"

namespace genesis::kernels::cuda {

/// Rows of kD elements with 8 of padding: a row starts an odd number of 16-byte units after the one before,
/// so that the eight rows an ldmatrix reads lie in different banks.
template <int kD>
inline constexpr int kTileRow = kD + 8;

/// Starts the copy of rows [0, count) of a matrix into a tile of kRows rows; rows behind `count` become zero,
/// and are not read. Its rows lie within 2^31 elements (has_tiles() sees to it).
template <int kRows, int kD, int kBlock, class T>
__device__ inline void fetch_tile(T* tile, const T* from, int64_t row_stride, int count) {
  constexpr int kUnits = kD / 8;  // of 16 bytes in a row
  static_assert(kRows * kUnits % kBlock == 0);
  const int thread = int(threadIdx.x), stride = int(row_stride);
#pragma unroll
  for (int k = 0; k < kRows * kUnits / kBlock; ++k) {
    const bool even = kBlock % kUnits == 0;  // each thread keeps to its column
    const int i = thread + k * kBlock, r = even ? thread / kUnits + k * (kBlock / kUnits) : i / kUnits,
              c = (even ? thread % kUnits : i % kUnits) * 8;
    copy_async(tile + r * kTileRow<kD> + c, from + (r * stride + c), r < count);
  }
}

/// The address that a lane reads a tile's fragments relative to: its own share of the address, computed once.
/// By rows (B = tile^T), or otherwise (A = tile, B = tile).
template <int kD, class T>
__device__ inline SharedAddress lane_address(const T* tile) {
  const int lane = int(threadIdx.x) % 32;
  return shared_address(tile + lane % 16 * kTileRow<kD> + lane / 16 * 8);
}
template <int kD, class T>
__device__ inline SharedAddress lane_address_by_rows(const T* tile) {
  const int lane = int(threadIdx.x) % 32;
  return shared_address(tile + (lane % 8 + lane / 16 * 8) * kTileRow<kD> + lane / 8 % 2 * 8);
}
/// Bytes from there to a row and column; of 16-bit elements.
template <int kD>
__device__ constexpr int tile_bytes(int row, int column = 0) {
  return 2 * (row * kTileRow<kD> + column);
}

/// The A fragment of rows [row, row + 16), columns [column, column + 16); `tile` from lane_address.
template <int kD>
__device__ inline void load_a(uint32_t (&a)[4], SharedAddress tile, int row, int column) {
  load_matrices(a, tile + tile_bytes<kD>(row, column));
}
/// B fragments of B = tile^T: columns n .. n+15 are the tile's rows, its columns [column, column + 16) the k.
///   b[0], b[1] belong to columns n .. n+7, b[2], b[3] to the next eight. `tile` from lane_address_by_rows.
template <int kD>
__device__ inline void load_b_rows(uint32_t (&b)[4], SharedAddress tile, int n, int column) {
  load_matrices(b, tile + tile_bytes<kD>(n, column));
}
/// B fragments of B = tile: rows [row, row + 16) are the k, columns n .. n+15; `tile` from lane_address.
template <int kD>
__device__ inline void load_b_columns(uint32_t (&b)[4], SharedAddress tile, int row, int n) {
  load_matrices_transposed(b, tile + tile_bytes<kD>(row, n));
}

/// The A fragment of columns [16 k, 16 k + 16) of a product that is still in accumulators, rounded to T.
template <class T, int kN>
__device__ inline void as_a(uint32_t (&a)[4], const float (&c)[kN][4], int k) {
  a[0] = pack_two<T>(c[2 * k][0], c[2 * k][1]);
  a[1] = pack_two<T>(c[2 * k][2], c[2 * k][3]);
  a[2] = pack_two<T>(c[2 * k + 1][0], c[2 * k + 1][1]);
  a[3] = pack_two<T>(c[2 * k + 1][2], c[2 * k + 1][3]);
}

/// x += X Bx^T and y += Y By^T over kD columns: the first 16 rows behind X and Y (from lane_address), rows
/// [0, 8 kN) of Bx and By (from lane_address_by_rows).
template <int kD, class T, int kN>
__device__ inline void add_row_products(float (&x)[kN][4], float (&y)[kN][4], SharedAddress x_tile,
                                        SharedAddress y_tile, SharedAddress bx_tile, SharedAddress by_tile) {
#pragma unroll
  for (int c = 0; c < kD; c += 16) {
    uint32_t xa[4], ya[4];
    load_a<kD>(xa, x_tile, 0, c);
    load_a<kD>(ya, y_tile, 0, c);
#pragma unroll
    for (int n = 0; n < kN; n += 2) {
      uint32_t b[4];
      load_b_rows<kD>(b, bx_tile, n * 8, c);
      mma<T>(x[n], xa, b[0], b[1]);
      mma<T>(x[n + 1], xa, b[2], b[3]);
      load_b_rows<kD>(b, by_tile, n * 8, c);
      mma<T>(y[n], ya, b[0], b[1]);
      mma<T>(y[n + 1], ya, b[2], b[3]);
    }
  }
}

/// out += C B: C [16, 8 kK] in accumulators (rounded to T), B the first 8 kK rows of a tile (from
/// lane_address).
template <int kD, class T, int kK>
__device__ inline void add_product(float (&out)[kD / 8][4], const float (&c)[kK][4], SharedAddress tile) {
#pragma unroll
  for (int k = 0; k < kK / 2; ++k) {
    uint32_t a[4];
    as_a<T>(a, c, k);
#pragma unroll
    for (int n = 0; n < kD / 8; n += 2) {
      uint32_t b[4];
      load_b_columns<kD>(b, tile, k * 16, n * 8);
      mma<T>(out[n], a, b[0], b[1]);
      mma<T>(out[n + 1], a, b[2], b[3]);
    }
  }
}

/// Whether every lane of the warp says so.
__device__ inline bool all_lanes(bool yes) { return __all_sync(0xffffffffu, yes) != 0; }
/// Calls fn(true or false as a type): with `skip`, the check that fn makes of each element is compiled away.
template <class Fn>
__device__ inline void unchecked_if(bool skip, Fn&& fn) {
  if (skip)
    fn(std::false_type{});
  else
    fn(std::true_type{});
}

__device__ inline float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
__device__ inline float quad_sum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

/// Writes a 16-row accumulator times `factor` to rows row0 .. of `to` that are below `count`.
template <class T, int kN>
__device__ inline void store_rows(T* to, int64_t row_stride, int row0, int count, const float (&c)[kN][4],
                                  float factor_low, float factor_high) {
  const int lane = int(threadIdx.x) % 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = row0 + g + half * 8;
    const float factor = half == 0 ? factor_low : factor_high;
    if (row >= count) continue;
    T* line = to + row * row_stride;
#pragma unroll
    for (int n = 0; n < kN; ++n)
      *reinterpret_cast<uint32_t*>(line + n * 8 + t * 2) =
          pack_two<T>(c[n][half * 2] * factor, c[n][half * 2 + 1] * factor);
  }
}

}  // namespace genesis::kernels::cuda
