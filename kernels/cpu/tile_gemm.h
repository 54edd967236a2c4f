#pragma once
// Small matrix products on buffers that fit the cache, for kernels that fuse a product with what comes after
// it.
//
// Operands are made of units along the summed index: one number, or, where the processor multiplies pairs of
// bf16 (AVX512_BF16), two neighbouring bf16 in 32 bits. Three packings bring a matrix X [rows, cols] into
// units:
//   rows         unit (r, c/2)   X as the left operand, summed over columns
//   transposed   unit (c/2, r)   X^T as the right operand, summed over columns
//   interleaved  unit (r/2, c)   X as the right operand (or X^T as the left), summed over rows
// Without pairs, rows and interleaved are the matrix itself.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/core/dtype.h"
#if defined(__AVX512BF16__) && defined(__AVX512BW__)
#include <immintrin.h>
#define GENESIS_BF16_PAIRS 1
#endif

namespace genesis::kernels::cpu {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

/// Columns of a right operand are padded to this many, whatever the vector length.
inline constexpr int64_t kTileColumns = 16;
constexpr int64_t padded_columns(int64_t n) { return (n + kTileColumns - 1) / kTileColumns * kTileColumns; }

/// How the elements of T enter a tile product.
template <class T>
struct TileUnit {
  using Acc = accumulate_t<T>;
  using Unit = Acc;
  static constexpr int kPair = 1;
  typedef Acc Vector __attribute__((vector_size(kVectorBytes), aligned(alignof(Acc)), may_alias));
  using UnitVector = Vector;
  static UnitVector broadcast(Unit x) { return x - UnitVector{}; }
  static Vector multiply_add(UnitVector a, UnitVector b, Vector sum) { return sum + a * b; }
};

#ifdef GENESIS_BF16_PAIRS
template <>
struct TileUnit<bf16> {
  using Acc = float;
  using Unit = uint32_t;
  static constexpr int kPair = 2;
  typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));
  typedef uint32_t UnitVector __attribute__((vector_size(64), aligned(4), may_alias));
  static UnitVector broadcast(Unit x) { return (UnitVector)_mm512_set1_epi32(int(x)); }
  static Vector multiply_add(UnitVector a, UnitVector b, Vector sum) {
    return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
  }
};
#endif

template <class T>
constexpr int64_t units_of(int64_t n) {
  return (n + TileUnit<T>::kPair - 1) / TileUnit<T>::kPair;
}

namespace detail {

/// C [kRows, kVectors * lanes] (+)= A B, with every sum in a register.
template <class T, int kRows, int kVectors, bool kAdd>
inline void tile_block(int64_t k, const typename TileUnit<T>::Unit* a, int64_t a_row, int64_t a_col,
                       const typename TileUnit<T>::Unit* b, int64_t b_row, accumulate_t<T>* c,
                       int64_t c_row) {
  using U = TileUnit<T>;
  using Vector = typename U::Vector;
  using UnitVector = typename U::UnitVector;
  constexpr int kLanes = sizeof(Vector) / sizeof(accumulate_t<T>);
  Vector sums[kRows][kVectors];  // [kRows, kVectors] registers
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      sums[r][v] = kAdd ? *reinterpret_cast<const Vector*>(c + r * c_row + v * kLanes) : Vector{};
  for (int64_t p = 0; p < k; ++p) {
    UnitVector right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      right[v] = *reinterpret_cast<const UnitVector*>(b + p * b_row + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const UnitVector left = U::broadcast(a[r * a_row + p * a_col]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = U::multiply_add(left, right[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) *reinterpret_cast<Vector*>(c + r * c_row + v * kLanes) = sums[r][v];
}

template <class T, int kVectors, bool kAdd>
void tile_columns(int64_t m, int64_t k, const typename TileUnit<T>::Unit* a, int64_t a_row, int64_t a_col,
                  const typename TileUnit<T>::Unit* b, int64_t b_row, accumulate_t<T>* c, int64_t c_row) {
  constexpr int kRows = kVectors >= 3 ? 6 : 8;
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    tile_block<T, kRows, kVectors, kAdd>(k, a + i * a_row, a_row, a_col, b, b_row, c + i * c_row, c_row);
  for (; i + 4 <= m; i += 4)
    tile_block<T, 4, kVectors, kAdd>(k, a + i * a_row, a_row, a_col, b, b_row, c + i * c_row, c_row);
  for (; i < m; ++i)
    tile_block<T, 1, kVectors, kAdd>(k, a + i * a_row, a_row, a_col, b, b_row, c + i * c_row, c_row);
}

}  // namespace detail

/// C [m, n] (+)= A B on units: C_ij = [kAdd] C_ij + sum_{p < k} a[i * a_row + p * a_col] . b[p * b_row + j]
///   n is a multiple of kTileColumns; k counts units. Determinism: bitwise; the sum over p runs in order.
template <class T, bool kAdd>
void tile_gemm(int64_t m, int64_t n, int64_t k, const typename TileUnit<T>::Unit* a, int64_t a_row,
               int64_t a_col, const typename TileUnit<T>::Unit* b, int64_t b_row, accumulate_t<T>* c,
               int64_t c_row) {
  constexpr int64_t kLanes = kVectorBytes / int64_t(sizeof(accumulate_t<T>));
  int64_t j = 0;
  for (; j + 4 * kLanes <= n; j += 4 * kLanes)
    detail::tile_columns<T, 4, kAdd>(m, k, a, a_row, a_col, b + j, b_row, c + j, c_row);
  if (j + 3 * kLanes <= n) {
    detail::tile_columns<T, 3, kAdd>(m, k, a, a_row, a_col, b + j, b_row, c + j, c_row), j += 3 * kLanes;
  } else if (j + 2 * kLanes <= n) {
    detail::tile_columns<T, 2, kAdd>(m, k, a, a_row, a_col, b + j, b_row, c + j, c_row), j += 2 * kLanes;
  }
  if (j + kLanes <= n) detail::tile_columns<T, 1, kAdd>(m, k, a, a_row, a_col, b + j, b_row, c + j, c_row);
}

// Packing. `cols` of a paired type must be even.

/// dst unit [rows, units_of(cols)]
template <class T>
void pack_rows(const T* src, int64_t stride, int64_t rows, int64_t cols, typename TileUnit<T>::Unit* dst) {
  const int64_t units = units_of<T>(cols);
  for (int64_t r = 0; r < rows; ++r) {
    if constexpr (TileUnit<T>::kPair == 2) {
      std::memcpy(dst + r * units, src + r * stride, size_t(cols) * sizeof(T));
    } else {
      for (int64_t c = 0; c < cols; ++c) dst[r * units + c] = accumulate_t<T>(src[r * stride + c]);
    }
  }
}

/// dst unit [units_of(cols), ld], columns from `rows` to ld zero
template <class T>
void pack_transposed(const T* src, int64_t stride, int64_t rows, int64_t cols,
                     typename TileUnit<T>::Unit* dst, int64_t ld) {
  const int64_t units = units_of<T>(cols);
  for (int64_t u = 0; u < units; ++u) {
    auto* out = dst + u * ld;
    for (int64_t r = 0; r < rows; ++r) {
      if constexpr (TileUnit<T>::kPair == 2) {
        std::memcpy(out + r, src + r * stride + 2 * u, 4);
      } else {
        out[r] = accumulate_t<T>(src[r * stride + u]);
      }
    }
    std::fill(out + rows, out + ld, typename TileUnit<T>::Unit(0));
  }
}

/// dst unit [units_of(rows), ld], columns from `cols` to ld and the missing row of the last pair zero
template <class T>
void pack_interleaved(const T* src, int64_t stride, int64_t rows, int64_t cols,
                      typename TileUnit<T>::Unit* dst, int64_t ld) {
  for (int64_t r = 0; r < rows; r += TileUnit<T>::kPair) {
    auto* out = dst + r / TileUnit<T>::kPair * ld;
    const T* even = src + r * stride;
    if constexpr (TileUnit<T>::kPair == 2) {
      const T* odd = r + 1 < rows ? even + stride : nullptr;
      for (int64_t c = 0; c < cols; ++c)
        out[c] = uint32_t(even[c].bits) | (odd ? uint32_t(odd[c].bits) << 16 : 0u);
    } else {
      for (int64_t c = 0; c < cols; ++c) out[c] = accumulate_t<T>(even[c]);
    }
    std::fill(out + cols, out + ld, typename TileUnit<T>::Unit(0));
  }
}

// The same for a tile of results in f32, rounded to bf16 on the way; without pairs the tile is its own
// packing.

#ifdef GENESIS_BF16_PAIRS
/// dst unit [rows, cols / 2] of tile [rows, cols], cols a multiple of kTileColumns
inline void pack_tile_rows(const float* tile, int64_t ld, int64_t rows, int64_t cols, uint32_t* dst,
                           int64_t dst_ld) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; c += 16) {
      const __m256bh half = _mm512_cvtneps_pbh(_mm512_loadu_ps(tile + r * ld + c));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + r * dst_ld + c / 2), (__m256i)half);
    }
}

/// dst unit [units_of(rows), cols] of tile [rows, cols], the missing row of the last pair zero
inline void pack_tile_interleaved(const float* tile, int64_t ld, int64_t rows, int64_t cols, uint32_t* dst,
                                  int64_t dst_ld) {
  typedef uint16_t Half __attribute__((vector_size(32)));
  typedef uint32_t Pairs __attribute__((vector_size(64), aligned(4), may_alias));
  const auto widened = [](const float* p) {
    return __builtin_convertvector((Half)_mm512_cvtneps_pbh(_mm512_loadu_ps(p)), Pairs);
  };
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < cols; c += 16) {
      Pairs pairs = widened(tile + r * ld + c);
      if (r + 1 < rows) pairs |= widened(tile + (r + 1) * ld + c) << 16;
      *reinterpret_cast<Pairs*>(dst + r / 2 * dst_ld + c) = pairs;
    }
}
#endif

}  // namespace genesis::kernels::cpu
