#pragma once
// What the heads with a loss (linear_cross_entropy, vocabulary_loss) share: supervised rows in chunks of
// 2048: gather the rows of x (unless every row counts), one product to logits in x's dtype, a block a row
// over the logits (logit_rows.cuh), and in backward two products with the gradient that was written over
// them; `scale` is the alpha of those products. Memory: one chunk of logits, 0.6 GB for 151,936 entries in
// bf16. Share of peak: not measured.
#include <memory>
#include <string>
#include <vector>

#include "kernels/copy.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/logit_rows.cuh"
#include "kernels/fill.h"
#include "kernels/index_select.h"
#include "kernels/linear_cross_entropy.h"
#include "kernels/vocabulary_loss.h"

namespace genesis::kernels::cuda {

inline constexpr int64_t kChunkRows = 2048;

/// softmax - onehot over the logits of rows [first, first + width) of the vocabulary, with the lse of
/// forward.
template <class T>
__global__ void gradient_rows(T* logits, const int32_t* rows, const int32_t* targets, const float* lse,
                              int64_t first, int64_t width, bool aligned) {
  const int64_t row = rows[blockIdx.x];
  T* z = logits + int64_t(blockIdx.x) * width;
  gradient_row(z, z, width, aligned, lse[row], 1.0f, targets[row] - first);
}

/// The sum of n losses in f64, in an order fixed by n; one block.
template <class A>
__global__ void add_losses(const A* losses, int64_t n, A* sum) {
  __shared__ double scratch[33];
  double total = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) total += double(losses[i]);
  total = block_sum(total, scratch);
  if (threadIdx.x == 0) *sum = A(total);
}

/// to[rows[r]] = from[r]
template <class T>
__global__ void scatter_rows(const T* from, const int32_t* rows, int64_t count, int64_t width, bool aligned,
                             T* to, int64_t to_row) {
  const int64_t chunks = (width + kVector - 1) / kVector;
  for (int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; t < count * chunks;
       t += int64_t(gridDim.x) * blockDim.x) {
    const int64_t r = t / chunks, h = t % chunks * kVector;
    float v[kVector];
    load(from + r * width, h, width, aligned, v);
    store(to + int64_t(rows[r]) * to_row, h, width, aligned, v);
  }
}

/// Numbers of the supervised rows, on the host and its copy on the card; kept beside the targets.
inline Array supervised_rows(const Array& given, int64_t vocabulary) {
  const Array targets = on_device(given, Device::cpu);
  const auto make = [&] {
    std::vector<int32_t> rows;
    rows.reserve(size_t(count_supervised(targets, vocabulary)));
    const int32_t* t = targets.data<int32_t>();
    for (int64_t n = 0; n < targets.numel(); ++n)
      if (t[n] != kIgnoredTarget) rows.push_back(int32_t(n));
    return std::make_shared<Array>(Array::from(rows, {int64_t(rows.size())}));
  };
  if (targets.storage_offset() != 0 || targets.nbytes() != targets.storage().bytes()) return *make();
  return *targets.storage().derived<Array>("supervised." + std::to_string(vocabulary), make);
}

struct SupervisedRows {
  Array host, card;
  int64_t count, all;
  SupervisedRows(const Array& targets, int64_t vocabulary)
      : host(supervised_rows(targets, vocabulary)),
        card(host.numel() > 0 ? card_copy(host) : host),
        count(host.numel()),
        all(targets.numel()) {}
  bool every() const { return count == all; }
};

/// Rows [first, first + count) of the supervised ones of x, as contiguous rows.
inline Array chunk_of(const Array& x, const SupervisedRows& rows, int64_t first, int64_t count) {
  if (rows.every()) return x.slice(0, first, first + count);
  Array picked = card_workspace({count, x.dim(1)}, x.dtype());
  run_cuda(IndexSelect{
      .x = contiguous(x), .index = rows.card.slice(0, first, first + count), .dim = 0, .y = picked});
  return picked;
}

inline int64_t row_stride(const Array& a) { return a.dim(0) > 1 ? a.strides()[0] : a.dim(1); }

inline void make_logits(const Array& x, const Array& weight, const Array& logits) {
  gemm({.m = x.dim(0),
        .n = weight.dim(0),
        .k = x.dim(1),
        .in = x.dtype(),
        .out = logits.dtype(),
        .a = {.data = x.raw(), .row = row_stride(x)},
        .b = {.data = weight.raw(), .row = weight.dim(1), .transposed = true},
        .c = logits.raw(),
        .c_row = weight.dim(0)});
}

inline bool logits_aligned(const Array& logits, int64_t vocabulary) {
  return is_aligned(logits) && vocabulary * size_of(logits.dtype()) % 16 == 0;
}

/// Makes the logits of the supervised rows chunk by chunk, in `kept` [count, V] where it is defined, and
/// calls fn(first row, logits [here, V]) for each.
template <class Fn>
void for_each_chunk(const Array& x, const Array& weight, const SupervisedRows& rows, const Array& kept,
                    Fn&& fn) {
  const int64_t step = std::min(rows.count, kChunkRows);
  const Array buffer = kept.defined() ? Array() : card_workspace({step, weight.dim(0)}, x.dtype());
  for (int64_t first = 0; first < rows.count; first += step) {
    const int64_t here = std::min(step, rows.count - first);
    const Array logits = kept.defined() ? kept.slice(0, first, first + here) : buffer.slice(0, 0, here);
    make_logits(chunk_of(x, rows, first, here), weight, logits);
    fn(first, logits);
  }
}

/// losses [count] summed into the one element of `sum`.
inline void sum_losses(const char* name, const Array& losses, const Array& sum) {
  launch(name, {.blocks = 1, .threads = 1024}, add_losses<float>, pointer<float>(losses), losses.numel(),
         pointer<float>(sum));
}

/// Zeros where a loss or an lse of every token is wanted: those of tokens without a target.
inline void zero_tokens(const Array& token_loss, const Array& lse) {
  for (const Array* a : {&token_loss, &lse})
    if (a->defined()) genesis::cuda::zero_on_card(a->raw(), a->nbytes());
}

/// dx rows of a chunk = scale g weight.
inline void input_gradient(const VocabularyLossBackward& o, const SupervisedRows& rows, int64_t first,
                           const Array& g) {
  const int64_t here = g.dim(0), width = o.x.dim(1), vocabulary = o.weight.dim(0);
  const bool direct = rows.every();
  const Array to = direct ? o.dx.slice(0, first, first + here) : card_workspace({here, width}, o.x.dtype());
  gemm({.m = here,
        .n = width,
        .k = vocabulary,
        .in = g.dtype(),
        .out = to.dtype(),
        .a = {.data = g.raw(), .row = vocabulary},
        .b = {.data = o.weight.raw(), .row = width},
        .c = to.raw(),
        .c_row = row_stride(to),
        .alpha = o.scale});
  if (direct) return;
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch("linear_cross_entropy.scatter", grid_for(here * ((width + kVector - 1) / kVector)),
           scatter_rows<T>, pointer<T>(to), pointer<int32_t>(rows.card) + first, here, width,
           is_aligned(to) && is_aligned(o.dx), pointer<T>(o.dx), row_stride(o.dx));
  });
}

inline void weight_gradient(const VocabularyLossBackward& o, const Array& g, const Array& x,
                            bool accumulate) {
  gemm({.m = o.weight.dim(0),
        .n = o.x.dim(1),
        .k = g.dim(0),
        .in = g.dtype(),
        .out = o.dweight.dtype(),
        .a = {.data = g.raw(), .row = o.weight.dim(0), .transposed = true},
        .b = {.data = x.raw(), .row = row_stride(x)},
        .c = o.dweight.raw(),
        .c_row = o.x.dim(1),
        .alpha = o.scale,
        .accumulate = accumulate});
}

/// Both gradients; a whole matrix is the part that begins at 0.
inline void head_gradients(const VocabularyLossBackward& o) {
  const int64_t vocabulary = o.weight.dim(0);
  const SupervisedRows rows(o.targets, o.total);
  const bool kept = o.kept.defined();
  GENESIS_CHECK(!kept || o.kept.dim(0) == rows.count, o.kName, ": kept has ", kept ? o.kept.dim(0) : 0,
                " rows, ", rows.count, " tokens are supervised");
  if (o.dx.defined() && !rows.every()) run_cuda(Fill{.dst = o.dx, .value = 0});
  if (rows.count == 0) {
    if (o.dweight.defined() && !o.accumulate_dweight)
      genesis::cuda::zero_on_card(o.dweight.raw(), o.dweight.nbytes());
    return;
  }
  const Array targets = card_copy(o.targets);
  const int64_t step = kept ? rows.count : std::min(rows.count, kChunkRows);
  const Array buffer = kept ? Array() : card_workspace({step, vocabulary}, o.x.dtype());
  for (int64_t first = 0; first < rows.count; first += step) {
    const int64_t here = std::min(step, rows.count - first);
    const Array x = kept && !o.dweight.defined() ? Array() : chunk_of(o.x, rows, first, here);
    const Array g = kept ? o.kept : buffer.slice(0, 0, here);  // [here, vocabulary]
    if (!kept) {
      make_logits(x, o.weight, g);
      dispatch_device(o.x.dtype(), [&](auto tag) {
        using T = decltype(tag);
        launch("linear_cross_entropy.gradient_rows", {.blocks = here, .threads = kLogitThreads},
               gradient_rows<T>, pointer<T>(g), pointer<int32_t>(rows.card) + first,
               pointer<int32_t>(targets), pointer<float>(o.lse), o.first, vocabulary,
               logits_aligned(g, vocabulary));
      });
    }
    if (o.dx.defined()) input_gradient(o, rows, first, g);
    if (o.dweight.defined()) weight_gradient(o, g, x, o.accumulate_dweight || first > 0);
  }
}

}  // namespace genesis::kernels::cuda
