// Supervised rows in chunks of 2048: gather the rows of x (unless every row counts), one product to logits in x's dtype,
// a block a row over the logits (logit_rows.cuh), and in backward two products with the gradient that was written over
// them; `scale` is the alpha of those products. Memory: one chunk of logits, 0.6 GB for 151,936 entries in bf16.
// Share of peak: not measured.
#include "kernels/linear_cross_entropy.h"

#include "kernels/copy.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/logit_rows.cuh"
#include "kernels/fill.h"
#include "kernels/index_select.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

constexpr int64_t kChunkRows = 2048;

/// Per row of a chunk: lse and loss at the row's place; with `gradient`, softmax - onehot over the logits.
template <class T>
__global__ void loss_rows(T* logits, const int32_t* rows, const int32_t* targets, int64_t width, bool aligned,
                          bool gradient, float* losses, float* token_loss, float* lse_out) {
  __shared__ float scratch[33];
  const int64_t row = rows[blockIdx.x], target = targets[row];
  T* z = logits + int64_t(blockIdx.x) * width;
  const float at_target = widen(z[target]);
  float top;
  const float log_sum = log_sum_exp(z, width, aligned, scratch, top);
  const float lse = top + log_sum, loss = log_sum + (top - at_target);
  if (threadIdx.x == 0) {
    losses[blockIdx.x] = loss;
    if (token_loss) token_loss[row] = loss;
    if (lse_out) lse_out[row] = lse;
  }
  if (gradient) gradient_row(z, z, width, aligned, lse, 1.0f, target);
}

/// softmax - onehot over the logits, with the lse of forward.
template <class T>
__global__ void gradient_rows(T* logits, const int32_t* rows, const int32_t* targets, const float* lse, int64_t width,
                              bool aligned) {
  const int64_t row = rows[blockIdx.x];
  T* z = logits + int64_t(blockIdx.x) * width;
  gradient_row(z, z, width, aligned, lse[row], 1.0f, targets[row]);
}

/// The sum of n losses in f64, in an order fixed by n; one block.
__global__ void add_losses(const float* losses, int64_t n, float* sum) {
  __shared__ double scratch[33];
  double total = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) total += double(losses[i]);
  total = block_sum(total, scratch);
  if (threadIdx.x == 0) *sum = float(total);
}

/// to[rows[r]] = from[r]
template <class T>
__global__ void scatter(const T* from, const int32_t* rows, int64_t count, int64_t width, bool aligned, T* to,
                        int64_t to_row) {
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
Array supervised_rows(const Array& given, int64_t vocabulary) {
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

struct Rows {
  Array host, card;
  int64_t count, all;
  Rows(const Array& targets, int64_t vocabulary)
      : host(supervised_rows(targets, vocabulary)),
        card(host.numel() > 0 ? card_copy(host) : host),
        count(host.numel()),
        all(targets.numel()) {}
  bool every() const { return count == all; }
};

/// Rows [first, first + count) of the supervised ones of x, as contiguous rows.
Array chunk_of(const Array& x, const Rows& rows, int64_t first, int64_t count) {
  if (rows.every()) return x.slice(0, first, first + count);
  Array picked = card_workspace({count, x.dim(1)}, x.dtype());
  run_cuda(IndexSelect{
      .x = contiguous(x), .index = rows.card.slice(0, first, first + count), .dim = 0, .y = picked});
  return picked;
}

int64_t row_stride(const Array& a) { return a.dim(0) > 1 ? a.strides()[0] : a.dim(1); }

void make_logits(const Array& x, const Array& weight, const Array& logits) {
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

bool logits_aligned(const Array& logits, int64_t vocabulary) {
  return is_aligned(logits) && vocabulary * size_of(logits.dtype()) % 16 == 0;
}

}  // namespace

void run_cuda(const LinearCrossEntropyForward& o) {
  const int64_t vocabulary = o.weight.dim(0);
  const Rows rows(o.targets, vocabulary);
  GENESIS_CHECK(!o.kept.defined() || o.kept.dim(0) == rows.count, o.kName, ": kept has ",
                o.kept.defined() ? o.kept.dim(0) : 0, " rows, ", rows.count, " tokens are supervised");
  for (const Array* a : {&o.token_loss, &o.lse})
    if (a->defined()) genesis::cuda::zero_on_card(a->raw(), a->nbytes());
  if (rows.count == 0) return genesis::cuda::zero_on_card(o.loss_sum.raw(), o.loss_sum.nbytes());
  const Array targets = card_copy(o.targets), losses = card_workspace({rows.count}, DType::f32);
  const int64_t step = std::min(rows.count, kChunkRows);
  const Array buffer = o.kept.defined() ? Array() : card_workspace({step, vocabulary}, o.x.dtype());
  for (int64_t first = 0; first < rows.count; first += step) {
    const int64_t here = std::min(step, rows.count - first);
    const Array logits = o.kept.defined() ? o.kept.slice(0, first, first + here) : buffer.slice(0, 0, here);
    make_logits(chunk_of(o.x, rows, first, here), o.weight, logits);
    dispatch_device(o.x.dtype(), [&](auto tag) {
      using T = decltype(tag);
      launch(o.kName, {.blocks = here, .threads = kLogitThreads}, loss_rows<T>, pointer<T>(logits),
             pointer<int32_t>(rows.card) + first, pointer<int32_t>(targets), vocabulary,
             logits_aligned(logits, vocabulary), o.kept.defined(), pointer<float>(losses) + first,
             pointer<float>(o.token_loss), pointer<float>(o.lse));
    });
  }
  launch("linear_cross_entropy.add_losses", {.blocks = 1, .threads = 1024}, add_losses, pointer<float>(losses),
         rows.count, pointer<float>(o.loss_sum));
}

void run_cuda(const LinearCrossEntropyBackward& o) {
  const int64_t vocabulary = o.weight.dim(0), width = o.x.dim(1);
  const Rows rows(o.targets, vocabulary);
  const bool kept = o.kept.defined();
  GENESIS_CHECK(!kept || o.kept.dim(0) == rows.count, o.kName, ": kept has ", kept ? o.kept.dim(0) : 0, " rows, ",
                rows.count, " tokens are supervised");
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
    dispatch_device(o.x.dtype(), [&](auto tag) {
      using T = decltype(tag);
      if (!kept) {
        make_logits(x, o.weight, g);
        launch("linear_cross_entropy.gradient_rows", {.blocks = here, .threads = kLogitThreads}, gradient_rows<T>,
               pointer<T>(g), pointer<int32_t>(rows.card) + first, pointer<int32_t>(targets), pointer<float>(o.lse),
               vocabulary, logits_aligned(g, vocabulary));
      }
      if (o.dx.defined()) {
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
        if (!direct)
          launch("linear_cross_entropy.scatter", grid_for(here * ((width + kVector - 1) / kVector)), scatter<T>,
                 pointer<T>(to), pointer<int32_t>(rows.card) + first, here, width,
                 is_aligned(to) && is_aligned(o.dx), pointer<T>(o.dx), row_stride(o.dx));
      }
    });
    if (o.dweight.defined())
      gemm({.m = vocabulary,
            .n = width,
            .k = here,
            .in = g.dtype(),
            .out = o.dweight.dtype(),
            .a = {.data = g.raw(), .row = vocabulary, .transposed = true},
            .b = {.data = x.raw(), .row = row_stride(x)},
            .c = o.dweight.raw(),
            .c_row = width,
            .alpha = o.scale,
            .accumulate = o.accumulate_dweight || first > 0});
  }
}

}  // namespace genesis::kernels
