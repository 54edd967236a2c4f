// Products of a few rows with a transposed B, as a decode step has them: bound by reading B once. A thread
// takes blocks of four columns (rows of B in memory), multiplies each with up to four rows of A at a time
// while it is in the cache, and asks for the next block meanwhile: a row of B is often no longer than a page,
// where the processor's own look-ahead ends. Every sum runs in an order fixed by k alone, so that a row's
// results do not depend on the other rows, nor on the threads.
#include <algorithm>
#include <cstring>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/gemm_types.h"
#include "kernels/cpu/tile_gemm.h"

namespace genesis::kernels::cpu {
namespace {

constexpr int64_t kBlockColumns = 4, kBlockRows = 4;
constexpr int64_t kChunkBytes = int64_t{1} << 16;  // of B that a thread takes at a time

/// A vector of consecutive elements as the right operand of a TileUnit product, with sums beside it.
template <class T>
struct Step {
  using U = TileUnit<T>;
  using Vector = typename U::Vector;
  static constexpr int kLanes = int(sizeof(Vector) / sizeof(accumulate_t<T>));
  static constexpr int64_t kElements = kLanes * U::kPair;

  typedef typename U::UnitVector Anywhere __attribute__((aligned(1), may_alias));

  static typename U::UnitVector load(const T* p) {
    if constexpr (sizeof(typename U::UnitVector) == size_t(kElements) * sizeof(T)) {
      return *reinterpret_cast<const Anywhere*>(p);
    } else {
      typename U::UnitVector v;
      for (int l = 0; l < kLanes; ++l) v[l] = accumulate_t<T>(p[l]);
      return v;
    }
  }

  static accumulate_t<T> sum(Vector v) {
    for (int width = kLanes / 2; width > 0; width /= 2)
      for (int l = 0; l < width; ++l) v[l] += v[l + width];
    return v[0];
  }
};

/// sums[c][r] = sum_p b[c * b_ld + p] a[r * a_ld + p], p < k; meanwhile `ahead` on, laid out as b, is asked
/// for.
template <class T, int kColumns, int kRows>
void dots(const T* a, int64_t a_ld, const T* b, int64_t b_ld, int64_t k, const T* ahead,
          accumulate_t<T> (&sums)[kBlockColumns][kBlockRows]) {
  using S = Step<T>;
  typename S::Vector lanes[kColumns][kRows] = {};  // [kColumns, kRows] registers
  const auto multiply = [&](const T* x, int64_t x_ld, const T* w, int64_t w_ld)
      __attribute__((always_inline)) {
    typename S::U::UnitVector right[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) right[r] = S::load(x + r * x_ld);
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) {
      const auto left = S::load(w + c * w_ld);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) lanes[c][r] = S::U::multiply_add(left, right[r], lanes[c][r]);
    }
  };
  int64_t p = 0;
  for (; p + S::kElements <= k; p += S::kElements) {
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) __builtin_prefetch(ahead + c * b_ld + p, 0, 2);
    multiply(a + p, a_ld, b + p, b_ld);
  }
  if (p < k) {
    T x[kRows][S::kElements] = {}, w[kColumns][S::kElements] = {};  // the rest of each row, then zeros
    for (int r = 0; r < kRows; ++r) std::memcpy(x[r], a + r * a_ld + p, size_t(k - p) * sizeof(T));
    for (int c = 0; c < kColumns; ++c) std::memcpy(w[c], b + c * b_ld + p, size_t(k - p) * sizeof(T));
    multiply(x[0], S::kElements, w[0], S::kElements);
  }
  for (int c = 0; c < kColumns; ++c)
    for (int r = 0; r < kRows; ++r) sums[c][r] = S::sum(lanes[c][r]);
}

/// Columns j .. j + kColumns - 1 of every row of one batch.
template <class T, class O, int kColumns>
void block(const Gemm& g, const T* a, const T* b, O* c, int64_t j) {
  using A = accumulate_t<T>;
  const T* w = b + j * g.b.col;
  A sums[kBlockColumns][kBlockRows];  // [kBlockColumns, kBlockRows]
  for (int64_t i = 0; i < g.m; i += kBlockRows) {
    const T* x = a + i * g.a.row;
    const T* ahead = i == 0 ? w + kColumns * g.b.col : w;  // the rows to come ask for nothing new
    const int64_t rows = std::min(kBlockRows, g.m - i);
    switch (rows) {
      case 1:
        dots<T, kColumns, 1>(x, g.a.row, w, g.b.col, g.k, ahead, sums);
        break;
      case 2:
        dots<T, kColumns, 2>(x, g.a.row, w, g.b.col, g.k, ahead, sums);
        break;
      case 3:
        dots<T, kColumns, 3>(x, g.a.row, w, g.b.col, g.k, ahead, sums);
        break;
      default:
        dots<T, kColumns, 4>(x, g.a.row, w, g.b.col, g.k, ahead, sums);
    }
    for (int64_t r = 0; r < rows; ++r)
      for (int column = 0; column < kColumns; ++column) {
        O& out = c[(i + r) * g.c_row + j + column];
        out = O((g.accumulate ? A(out) : A(0)) + sums[column][r] + bias_at<T>(g, j + column));
      }
  }
}

template <class T, class O>
void few_rows(const Gemm& g) {
  const int64_t row_bytes = std::max<int64_t>(1, g.k * int64_t(sizeof(T)));
  const int64_t chunk = std::max<int64_t>(1, kChunkBytes / row_bytes / kBlockColumns) * kBlockColumns;
  for (int64_t z = 0; z < g.batches; ++z) {
    const T* a = static_cast<const T*>(g.a.data) + z * g.a.batch;
    const T* b = static_cast<const T*>(g.b.data) + z * g.b.batch;
    O* c = static_cast<O*>(g.c) + z * g.c_batch;
    parallel_chunks(g.n, chunk, [&](int64_t begin, int64_t end) {
      int64_t j = begin;
      for (; j + kBlockColumns <= end; j += kBlockColumns) block<T, O, kBlockColumns>(g, a, b, c, j);
      for (; j < end; ++j) block<T, O, 1>(g, a, b, c, j);
    });
  }
}

}  // namespace

void gemm_few_rows(const Gemm& g) {
  dispatch_types(g, [&](auto in, auto out) { few_rows<decltype(in), decltype(out)>(g); });
}

}  // namespace genesis::kernels::cpu
