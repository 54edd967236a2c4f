#pragma once
#include <vector>

#include "kernels/cpu/logit_chunks.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/vocabulary_loss.h"

namespace genesis::kernels {

/// g of a chunk from its logits and the lse of forward.
template <class T>
void logit_gradient(const VocabularyLossBackward& op, const std::vector<int64_t>& rows, int64_t first,
                    const Array& logits, const Array& g) {
  using A = accumulate_t<T>;
  const int64_t vocabulary = op.weight.dim(0);
  const A scale = A(op.scale);
  parallel_for(g.dim(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t row = rows[size_t(first + r)], target = op.targets.data<int32_t>()[row] - op.first;
      const A* z = logits.data<A>() + r * vocabulary;
      T* out = g.data<T>() + r * vocabulary;
      const A lse = op.lse.data<A>()[row];
      const bool here = target >= 0 && target < vocabulary;
      const A hit = here ? (vexp(z[target] - lse) - 1) * scale : A(0);
#pragma omp simd
      for (int64_t v = 0; v < vocabulary; ++v) out[v] = T(vexp(z[v] - lse) * scale);
      if (here) out[target] = T(hit);
    }
  });
}

/// dx rows of a chunk = factor * (g weight), through f32 so that they are rounded once.
template <class T>
void input_gradient(const VocabularyLossBackward& op, const std::vector<int64_t>& rows, int64_t first,
                    const Array& g, accumulate_t<T> factor, Array& buffer) {
  using A = accumulate_t<T>;
  const int64_t count = g.dim(0), width = op.x.dim(1), vocabulary = op.weight.dim(0);
  if (!buffer.defined()) buffer = workspace({count, width}, dtype_of<A>());
  cpu::gemm({.m = count,
             .n = width,
             .k = vocabulary,
             .in = g.dtype(),
             .out = buffer.dtype(),
             .a = {g.raw(), vocabulary, 1, 0},
             .b = {op.weight.raw(), width, 1, 0},
             .c = buffer.raw(),
             .c_row = width});
  parallel_for(count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const A* from = buffer.data<A>() + r * width;
      T* to = op.dx.data<T>() + rows[size_t(first + r)] * op.dx.strides()[0];
      for (int64_t c = 0; c < width; ++c) to[c] = T(from[c] * factor);
    }
  });
}

inline void zero_ignored_rows(const Array& dx, const int32_t* targets) {
  for (int64_t n = 0; n < dx.dim(0); ++n) {
    if (targets[n] != kIgnoredTarget) continue;
    char* row = static_cast<char*>(dx.raw()) + n * dx.strides()[0] * size_of(dx.dtype());
    std::fill_n(row, dx.dim(1) * size_of(dx.dtype()), char(0));
  }
}

/// Both gradients; a whole matrix is the part that begins at 0.
template <class T>
void head_gradients(const VocabularyLossBackward& op) {
  using A = accumulate_t<T>;
  const int64_t vocabulary = op.weight.dim(0), width = op.x.dim(1);
  const auto rows = supervised_rows(op.targets, op.total);
  const int64_t count = int64_t(rows.size());
  const bool kept = op.kept.defined();
  GENESIS_CHECK(!kept || op.kept.dim(0) == count, op.kName, ": kept has ", kept ? op.kept.dim(0) : 0,
                " rows, ", count, " tokens are supervised");
  if (op.dx.defined()) zero_ignored_rows(op.dx, op.targets.data<int32_t>());
  if (count == 0 && op.dweight.defined() && !op.accumulate_dweight)
    std::fill_n(static_cast<char*>(op.dweight.raw()), op.dweight.nbytes(), char(0));
  // Kept gradients lie in memory already and are taken in one go; scale then goes to x and dx, which are
  // smaller.
  const int64_t step = kept ? count : std::min(count, chunk_rows(vocabulary, sizeof(A)));
  const A factor = kept ? A(op.scale) : A(1);
  Array logits, g, gathered, scaled, dx_rows;
  for (int64_t first = 0; first < count; first += step) {
    const int64_t here = std::min(step, count - first);
    if (kept) {
      g = op.kept;
    } else {
      if (!logits.defined()) {
        logits = workspace({here, vocabulary}, dtype_of<A>());
        g = std::is_same_v<T, A> ? logits : workspace({here, vocabulary}, dtype_of<T>());
      }
      g = g.slice(0, 0, here);
      logits_of(rows_of_chunk<T>(op.x, rows, first, here, gathered), op.weight, logits.slice(0, 0, here));
      logit_gradient<T>(op, rows, first, logits, g);
    }
    if (op.dx.defined()) input_gradient<T>(op, rows, first, g, factor, dx_rows);
    if (op.dweight.defined()) {
      const Array x = rows_of_chunk<T>(op.x, rows, first, here, kept ? scaled : gathered, factor);
      cpu::gemm({.m = vocabulary,
                 .n = width,
                 .k = here,
                 .in = g.dtype(),
                 .out = op.dweight.dtype(),
                 .a = {g.raw(), 1, vocabulary, 0},
                 .b = {x.raw(), x.strides()[0], 1, 0},
                 .c = op.dweight.raw(),
                 .c_row = width,
                 .accumulate = op.accumulate_dweight || first > 0});
    }
  }
}

}  // namespace genesis::kernels
