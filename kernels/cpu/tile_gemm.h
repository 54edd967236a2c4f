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

/// How the left operand lies: unit (i, p) at i * ld + p, or at p * ld + i. Known at compile time, because the
/// compiler otherwise makes a second version of the inner loop whose sums do not stay in registers.
enum class Left { rows, columns };

namespace detail {

/// C [kRows, kVectors * lanes] (+)= A B, with every sum in a register.
template <class T, Left kLeft, bool kAdd, int kRows, int kVectors>
inline void tile_block(int64_t k, const typename TileUnit<T>::Unit* a, int64_t a_ld,
                       const typename TileUnit<T>::Unit* b, int64_t b_ld, accumulate_t<T>* c, int64_t c_ld) {
  using U = TileUnit<T>;
  using Vector = typename U::Vector;
  using UnitVector = typename U::UnitVector;
  constexpr int kLanes = sizeof(Vector) / sizeof(accumulate_t<T>);
  Vector sums[kRows][kVectors];  // [kRows, kVectors] registers
  accumulate_t<T>* row = c;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r, row += c_ld)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      sums[r][v] = kAdd ? *reinterpret_cast<const Vector*>(row + v * kLanes) : Vector{};
  for (int64_t p = 0; p < k; ++p, b += b_ld, a += kLeft == Left::rows ? 1 : a_ld) {
    UnitVector right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) right[v] = *reinterpret_cast<const UnitVector*>(b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const UnitVector left = U::broadcast(a[kLeft == Left::rows ? r * a_ld : r]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = U::multiply_add(left, right[v], sums[r][v]);
    }
  }
  row = c;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r, row += c_ld)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) *reinterpret_cast<Vector*>(row + v * kLanes) = sums[r][v];
}

template <class T, Left kLeft, bool kAdd, int kVectors>
void tile_columns(int64_t m, int64_t k, const typename TileUnit<T>::Unit* a, int64_t a_ld,
                  const typename TileUnit<T>::Unit* b, int64_t b_ld, accumulate_t<T>* c, int64_t c_ld) {
  constexpr int kRows = kVectors >= 3 ? 6 : 8;
  const int64_t step = kLeft == Left::rows ? a_ld : 1;
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    tile_block<T, kLeft, kAdd, kRows, kVectors>(k, a + i * step, a_ld, b, b_ld, c + i * c_ld, c_ld);
  for (; i + 4 <= m; i += 4)
    tile_block<T, kLeft, kAdd, 4, kVectors>(k, a + i * step, a_ld, b, b_ld, c + i * c_ld, c_ld);
  for (; i < m; ++i)
    tile_block<T, kLeft, kAdd, 1, kVectors>(k, a + i * step, a_ld, b, b_ld, c + i * c_ld, c_ld);
}

}  // namespace detail

/// C [m, n] (+)= A B on units: C_ij = [kAdd] C_ij + sum_{p < k} A_ip . b[p * b_ld + j]
///   n is a multiple of kTileColumns; k counts units. Determinism: bitwise; the sum over p runs in order.
template <class T, Left kLeft, bool kAdd>
void tile_gemm(int64_t m, int64_t n, int64_t k, const typename TileUnit<T>::Unit* a, int64_t a_ld,
               const typename TileUnit<T>::Unit* b, int64_t b_ld, accumulate_t<T>* c, int64_t c_ld) {
  constexpr int64_t kLanes = kVectorBytes / int64_t(sizeof(accumulate_t<T>));
  int64_t j = 0;
  for (; j + 4 * kLanes <= n; j += 4 * kLanes)
    detail::tile_columns<T, kLeft, kAdd, 4>(m, k, a, a_ld, b + j, b_ld, c + j, c_ld);
  if (j + 3 * kLanes <= n) {
    detail::tile_columns<T, kLeft, kAdd, 3>(m, k, a, a_ld, b + j, b_ld, c + j, c_ld), j += 3 * kLanes;
  } else if (j + 2 * kLanes <= n) {
    detail::tile_columns<T, kLeft, kAdd, 2>(m, k, a, a_ld, b + j, b_ld, c + j, c_ld), j += 2 * kLanes;
  }
  if (j + kLanes <= n) detail::tile_columns<T, kLeft, kAdd, 1>(m, k, a, a_ld, b + j, b_ld, c + j, c_ld);
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

namespace detail {

typedef uint32_t Words __attribute__((vector_size(64), aligned(4), may_alias));

/// Exchanges the off-diagonal squares of kSide words of every 2 kSide x 2 kSide square on the diagonal.
template <int kSide>
inline void transpose_step(Words (&rows)[16]) {
  constexpr auto mask = [](bool upper) {
    Words m{};
    for (uint32_t c = 0; c < 16; ++c) {
      const bool right = c & kSide;
      m[c] = upper ? (right ? 16 + c : c + kSide) : (right ? 16 + c - kSide : c);
    }
    return m;
  };
  const Words low = mask(false), high = mask(true);
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) {
    if (r & kSide) continue;
    const Words a = rows[r], b = rows[r + kSide];
    rows[r] = __builtin_shuffle(a, b, low);
    rows[r + kSide] = __builtin_shuffle(a, b, high);
  }
}

/// 16 x 16 words: dst[c * dst_ld + r] = src[r * src_ld + c]
inline void transpose_words(const uint32_t* src, int64_t src_ld, uint32_t* dst, int64_t dst_ld) {
  Words rows[16];  // [16] registers
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) rows[r] = *reinterpret_cast<const Words*>(src + r * src_ld);
  transpose_step<1>(rows);
  transpose_step<2>(rows);
  transpose_step<4>(rows);
  transpose_step<8>(rows);
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) *reinterpret_cast<Words*>(dst + r * dst_ld) = rows[r];
}

}  // namespace detail

/// dst unit [units_of(cols), ld], columns from `rows` to ld zero
template <class T>
void pack_transposed(const T* src, int64_t stride, int64_t rows, int64_t cols,
                     typename TileUnit<T>::Unit* dst, int64_t ld) {
  using Unit = typename TileUnit<T>::Unit;
  constexpr int kPair = TileUnit<T>::kPair;
  const int64_t units = units_of<T>(cols);
  int64_t block_rows = 0, block_units = 0;  // the part that whole 16 x 16 blocks cover
  if constexpr (sizeof(T) * kPair == 4) {
    if (stride % kPair == 0) block_rows = rows / 16 * 16, block_units = units / 16 * 16;
    for (int64_t r = 0; r < block_rows; r += 16)
      for (int64_t u = 0; u < block_units; u += 16)
        detail::transpose_words(reinterpret_cast<const uint32_t*>(src + r * stride + u * kPair),
                                stride / kPair, reinterpret_cast<uint32_t*>(dst + u * ld + r), ld);
  }
  for (int64_t u = 0; u < units; ++u) {
    Unit* out = dst + u * ld;
    for (int64_t r = u < block_units ? block_rows : 0; r < rows; ++r) {
      if constexpr (kPair == 2) {
        std::memcpy(out + r, src + r * stride + 2 * u, 4);
      } else {
        out[r] = accumulate_t<T>(src[r * stride + u]);
      }
    }
    std::fill(out + rows, out + ld, Unit(0));
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

// The same for a tile of results in f32, rounded to bf16 on the way. Only for paired types: else the tile is
// its own packing.

/// dst unit [rows, cols / 2] of tile [rows, cols], cols a multiple of kTileColumns
template <class T>
void pack_tile_rows(const float* tile, int64_t ld, int64_t rows, int64_t cols, uint32_t* dst, int64_t dst_ld);

/// dst unit [units_of(rows), cols] of tile [rows, cols], the missing row of the last pair zero
template <class T>
void pack_tile_interleaved(const float* tile, int64_t ld, int64_t rows, int64_t cols, uint32_t* dst,
                           int64_t dst_ld);

#ifdef GENESIS_BF16_PAIRS
template <>
inline void pack_tile_rows<bf16>(const float* tile, int64_t ld, int64_t rows, int64_t cols, uint32_t* dst,
                                 int64_t dst_ld) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; c += 16) {
      const __m256bh half = _mm512_cvtneps_pbh(_mm512_loadu_ps(tile + r * ld + c));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + r * dst_ld + c / 2), (__m256i)half);
    }
}

template <>
inline void pack_tile_interleaved<bf16>(const float* tile, int64_t ld, int64_t rows, int64_t cols,
                                        uint32_t* dst, int64_t dst_ld) {
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
