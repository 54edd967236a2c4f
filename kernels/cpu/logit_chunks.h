#pragma once
// What the heads with a loss (linear_cross_entropy, vocabulary_loss) share: both walk the supervised rows in
// chunks: gather the rows of x (unless every row counts), one product to f32 logits, then a pass per row
// while the chunk is in cache.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/core/memory.h"
#include "kernels/core/parallel_for.h"
#include "kernels/cpu/gemm.h"
#include "kernels/linear_cross_entropy.h"

namespace genesis::kernels {

inline constexpr int64_t kChunkBytes = int64_t{8} << 20;
inline constexpr int64_t kMinChunkRows = 96;

inline std::vector<int64_t> supervised_rows(const Array& targets, int64_t vocabulary) {
  std::vector<int64_t> rows;
  rows.reserve(size_t(count_supervised(targets, vocabulary)));
  const int32_t* t = targets.data<int32_t>();
  for (int64_t n = 0; n < targets.numel(); ++n)
    if (t[n] != kIgnoredTarget) rows.push_back(n);
  return rows;
}

inline int64_t chunk_rows(int64_t vocabulary, int64_t element_bytes) {
  return std::max(kMinChunkRows, kChunkBytes / (element_bytes * vocabulary));
}

inline Array workspace(Shape shape, DType dtype) {
  MemoryScope scope(MemoryCategory::workspace);
  return Array::empty(std::move(shape), dtype);
}

/// Rows list[0 .. count) of x times `factor`, beside each other in `to`.
template <class T>
void gather(const Array& x, const int64_t* list, int64_t count, accumulate_t<T> factor, const Array& to) {
  using A = accumulate_t<T>;
  const int64_t width = x.dim(1);
  parallel_for(count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T* from = x.data<T>() + list[r] * x.strides()[0];
      T* out = to.data<T>() + r * width;
      for (int64_t c = 0; c < width; ++c) out[c] = T(A(from[c]) * factor);
    }
  });
}

/// The rows of a chunk as a contiguous-row array: a slice where all rows count, else a gathered copy.
template <class T>
Array rows_of_chunk(const Array& x, const std::vector<int64_t>& rows, int64_t first, int64_t count,
                    Array& buffer, accumulate_t<T> factor = 1) {
  if (factor == 1 && int64_t(rows.size()) == x.dim(0)) return x.slice(0, first, first + count);
  if (!buffer.defined()) buffer = workspace({count, x.dim(1)}, x.dtype());  // the first chunk is the longest
  gather<T>(x, rows.data() + first, count, factor, buffer);
  return buffer.slice(0, 0, count);
}

inline void logits_of(const Array& x, const Array& weight, const Array& logits) {
  cpu::gemm({.m = x.dim(0),
             .n = weight.dim(0),
             .k = x.dim(1),
             .in = x.dtype(),
             .out = logits.dtype(),
             .a = {x.raw(), x.strides()[0], 1, 0},
             .b = {weight.raw(), 1, weight.dim(1), 0},
             .c = logits.raw(),
             .c_row = weight.dim(0)});
}

/// Calls row(r, logits) for each supervised row r, in parallel, while its chunk of logits is in cache:
/// logits [entries of op.weight] of accumulate_t<T>, free to be written over. They lie in op.kept where that
/// is of the same type.
template <class T, class Op, class Row>
void for_each_logit_row(const Op& op, const std::vector<int64_t>& rows, Row&& row) {
  using A = accumulate_t<T>;
  const int64_t count = int64_t(rows.size()), entries = op.weight.dim(0);
  const int64_t step = std::min(count, chunk_rows(entries, sizeof(A)));
  const bool in_place = op.kept.defined() && std::is_same_v<T, A>;
  const Array buffer = in_place || count == 0 ? Array() : workspace({step, entries}, dtype_of<A>());
  Array gathered;
  for (int64_t first = 0; first < count; first += step) {
    const int64_t here = std::min(step, count - first);
    const Array logits = in_place ? op.kept.slice(0, first, first + here) : buffer.slice(0, 0, here);
    logits_of(rows_of_chunk<T>(op.x, rows, first, here, gathered), op.weight, logits);
    parallel_for(here, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) row(first + r, logits.template data<A>() + r * entries);
    });
  }
}

}  // namespace genesis::kernels
