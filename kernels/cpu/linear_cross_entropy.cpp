// Both directions walk the supervised rows in chunks: gather the rows of x (unless every row counts), one
// product to f32 logits, then a pass per row while the chunk is in cache.
#include "kernels/linear_cross_entropy.h"

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/core/memory.h"
#include "kernels/core/parallel_for.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/vector_math.h"

namespace genesis::kernels {
namespace {

constexpr int64_t kChunkBytes = int64_t{8} << 20;
constexpr int64_t kMinChunkRows = 96;
constexpr int64_t kSumBlock = 1024;

std::vector<int64_t> supervised_rows(const Array& targets, int64_t vocabulary) {
  std::vector<int64_t> rows;
  rows.reserve(size_t(count_supervised(targets, vocabulary)));
  const int32_t* t = targets.data<int32_t>();
  for (int64_t n = 0; n < targets.numel(); ++n)
    if (t[n] != kIgnoredTarget) rows.push_back(n);
  return rows;
}

int64_t chunk_rows(int64_t vocabulary, int64_t element_bytes) {
  return std::max(kMinChunkRows, kChunkBytes / (element_bytes * vocabulary));
}

Array workspace(Shape shape, DType dtype) {
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

void logits_of(const Array& x, const Array& weight, const Array& logits) {
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

/// ln sum e^z of a row. Sums run in f32 over blocks and in f64 between them. With kKeep the row becomes e^(z
/// - highest) and `inverse` 1 / its sum.
template <bool kKeep, class A>
A log_sum_exp(A* z, int64_t n, A& inverse) {
  A highest = -std::numeric_limits<A>::infinity();
#pragma omp simd reduction(max : highest)
  for (int64_t v = 0; v < n; ++v) highest = z[v] > highest ? z[v] : highest;
  double total = 0;
  for (int64_t v0 = 0; v0 < n; v0 += kSumBlock) {
    const int64_t width = std::min(kSumBlock, n - v0);
    A sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t v = v0; v < v0 + width; ++v) {
      const A e = vexp(z[v] - highest);
      if (kKeep) z[v] = e;
      sum += e;
    }
    total += double(sum);
  }
  inverse = A(1 / total);
  return highest + A(std::log(total));
}

template <class T>
void forward(const LinearCrossEntropyForward& op) {
  using A = accumulate_t<T>;
  const int64_t vocabulary = op.weight.dim(0);
  const auto rows = supervised_rows(op.targets, vocabulary);
  const int64_t count = int64_t(rows.size());
  GENESIS_CHECK(!op.kept.defined() || op.kept.dim(0) == count, op.kName, ": kept has ",
                op.kept.defined() ? op.kept.dim(0) : 0, " rows, ", count, " tokens are supervised");
  for (const Array* a : {&op.token_loss, &op.lse})
    if (a->defined()) std::fill_n(a->data<A>(), a->numel(), A(0));
  const int32_t* targets = op.targets.data<int32_t>();
  const int64_t step = std::min(count, chunk_rows(vocabulary, sizeof(A)));
  const bool in_place =
      op.kept.defined() && std::is_same_v<T, A>;  // the kept gradient is its own logits buffer
  const Array buffer = in_place || count == 0 ? Array() : workspace({step, vocabulary}, dtype_of<A>());
  Array gathered;
  std::vector<A> losses(rows.size());
  for (int64_t first = 0; first < count; first += step) {
    const int64_t here = std::min(step, count - first);
    const Array logits = in_place ? op.kept.slice(0, first, first + here) : buffer.slice(0, 0, here);
    logits_of(rows_of_chunk<T>(op.x, rows, first, here, gathered), op.weight, logits);
    parallel_for(here, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        A* z = logits.data<A>() + r * vocabulary;
        const int64_t row = rows[size_t(first + r)], target = targets[row];
        const A at_target = z[target];
        A inverse;
        const A lse = op.kept.defined() ? log_sum_exp<true>(z, vocabulary, inverse)
                                        : log_sum_exp<false>(z, vocabulary, inverse);
        losses[size_t(first + r)] = lse - at_target;
        if (op.lse.defined()) op.lse.data<A>()[row] = lse;
        if (op.token_loss.defined()) op.token_loss.data<A>()[row] = lse - at_target;
        if (op.kept.defined()) {
          T* g = op.kept.data<T>() + (first + r) * vocabulary;
          // The target's entry is p - 1: made before rounding, or a sure prediction would lose its gradient
          // in bf16.
          const A hit = z[target] * inverse - 1;
          for (int64_t v = 0; v < vocabulary; ++v) g[v] = T(z[v] * inverse);
          g[target] = T(hit);
        }
      }
    });
  }
  double sum = 0;
  for (A loss : losses) sum += double(loss);
  op.loss_sum.data<A>()[0] = A(sum);
}

/// g of a chunk from its logits and the lse of forward.
template <class T>
void logit_gradient(const LinearCrossEntropyBackward& op, const std::vector<int64_t>& rows, int64_t first,
                    const Array& logits, const Array& g) {
  using A = accumulate_t<T>;
  const int64_t vocabulary = op.weight.dim(0);
  const A scale = A(op.scale);
  parallel_for(g.dim(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t row = rows[size_t(first + r)], target = op.targets.data<int32_t>()[row];
      const A* z = logits.data<A>() + r * vocabulary;
      T* out = g.data<T>() + r * vocabulary;
      const A lse = op.lse.data<A>()[row], hit = (vexp(z[target] - lse) - 1) * scale;
#pragma omp simd
      for (int64_t v = 0; v < vocabulary; ++v) out[v] = T(vexp(z[v] - lse) * scale);
      out[target] = T(hit);
    }
  });
}

/// dx rows of a chunk = factor * (g weight), through f32 so that they are rounded once.
template <class T>
void input_gradient(const LinearCrossEntropyBackward& op, const std::vector<int64_t>& rows, int64_t first,
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

void zero_ignored_rows(const Array& dx, const int32_t* targets) {
  for (int64_t n = 0; n < dx.dim(0); ++n) {
    if (targets[n] != kIgnoredTarget) continue;
    char* row = static_cast<char*>(dx.raw()) + n * dx.strides()[0] * size_of(dx.dtype());
    std::fill_n(row, dx.dim(1) * size_of(dx.dtype()), char(0));
  }
}

template <class T>
void backward(const LinearCrossEntropyBackward& op) {
  using A = accumulate_t<T>;
  const int64_t vocabulary = op.weight.dim(0), width = op.x.dim(1);
  const auto rows = supervised_rows(op.targets, vocabulary);
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

}  // namespace

void run_cpu(const LinearCrossEntropyForward& op) {
  dispatch_compute(op.x.dtype(), [&](auto tag) { forward<decltype(tag)>(op); });
}

void run_cpu(const LinearCrossEntropyBackward& op) {
  dispatch_compute(op.x.dtype(), [&](auto tag) { backward<decltype(tag)>(op); });
}

}  // namespace genesis::kernels
