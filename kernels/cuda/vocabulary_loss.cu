// Forward: the head's part in chunks of supervised rows (head_chunks.cuh), a block of 512 threads a row reads
// its logits once. Finish: a block a row puts P x 3 numbers together and, where logits were kept, writes the
// gradient over them: s bytes read and s written per logit. Order of sums: logit_rows.cuh, then parts in
// their order. Share of peak: not measured.
#include "kernels/cuda/head_chunks.cuh"
#include "kernels/vocabulary_loss.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

/// Highest logit of this part, sum of e^(z - highest), logit of the target or -inf.
template <class T>
__global__ void part_rows(const T* logits, const int32_t* rows, const int32_t* targets, int64_t first,
                          int64_t width, bool aligned, float* stats) {
  __shared__ float scratch[33];
  const int64_t target = targets[rows[blockIdx.x]] - first;
  const T* z = logits + int64_t(blockIdx.x) * width;
  float top;
  const float sum = sum_exp(z, width, aligned, scratch, top);
  if (threadIdx.x != 0) return;
  float* out = stats + 3 * int64_t(blockIdx.x);
  out[0] = top;
  out[1] = sum;
  out[2] = target >= 0 && target < width ? widen(z[target]) : -INFINITY;
}

/// What all parts say of row r: lse = top + log_sum, and the logit of its target.
struct Combined {
  float top = -INFINITY, log_sum = 0, at_target = -INFINITY;
};
__device__ inline Combined combine(const float* stats, int64_t parts, int64_t count, int64_t r) {
  Combined c;
  for (int64_t p = 0; p < parts; ++p) {
    const float* s = stats + 3 * (p * count + r);
    if (s[0] > c.top || s[0] != s[0]) c.top = s[0];  // a NaN stays
    if (s[2] > c.at_target || s[2] != s[2]) c.at_target = s[2];
  }
  float sum = 0;
  for (int64_t p = 0; p < parts; ++p) {
    const float* s = stats + 3 * (p * count + r);
    sum += s[1] * expf(s[0] - c.top);
  }
  c.log_sum = logf(sum);
  return c;
}

template <class T>
__global__ void finish_rows(const float* stats, int64_t parts, int64_t count, const int32_t* rows,
                            const int32_t* targets, int64_t first, T* kept, int64_t width, bool aligned,
                            float* losses, float* token_loss, float* lse_out) {
  const int64_t r = blockIdx.x, row = rows[r];
  const Combined c = combine(stats, parts, count, r);
  const float lse = c.top + c.log_sum, loss = c.log_sum + (c.top - c.at_target);
  if (threadIdx.x == 0) {
    losses[r] = loss;
    if (token_loss) token_loss[row] = loss;
    if (lse_out) lse_out[row] = lse;
  }
  if (kept) gradient_row(kept + r * width, kept + r * width, width, aligned, lse, 1.0f, targets[row] - first);
}

}  // namespace

void run_cuda(const VocabularyLossForward& o) {
  const int64_t entries = o.weight.dim(0);
  const SupervisedRows rows(o.targets, o.total);
  GENESIS_CHECK(o.stats.dim(0) == rows.count, o.kName, ": stats has ", o.stats.dim(0), " rows, ", rows.count,
                " tokens are supervised");
  if (rows.count == 0) return;
  const Array targets = card_copy(o.targets);
  for_each_chunk(o.x, o.weight, rows, o.kept, [&](int64_t first, const Array& logits) {
    dispatch_device(o.x.dtype(), [&](auto tag) {
      using T = decltype(tag);
      launch(o.kName, {.blocks = logits.dim(0), .threads = kLogitThreads}, part_rows<T>, pointer<T>(logits),
             pointer<int32_t>(rows.card) + first, pointer<int32_t>(targets), o.first, entries,
             logits_aligned(logits, entries), pointer<float>(o.stats) + 3 * first);
    });
  });
}

void run_cuda(const VocabularyLossFinish& o) {
  const SupervisedRows rows(o.targets, o.total);
  GENESIS_CHECK(o.stats.dim(1) == rows.count, o.kName, ": stats has ", o.stats.dim(1), " rows, ", rows.count,
                " tokens are supervised");
  zero_tokens(o.token_loss, o.lse);
  if (rows.count == 0) return genesis::cuda::zero_on_card(o.loss_sum.raw(), o.loss_sum.nbytes());
  const Array targets = card_copy(o.targets), losses = card_workspace({rows.count}, DType::f32);
  const bool kept = o.kept.defined();
  const int64_t entries = kept ? o.kept.dim(1) : 0;
  dispatch_device(kept ? o.kept.dtype() : DType::f32, [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = rows.count, .threads = kept ? kLogitThreads : 32}, finish_rows<T>,
           pointer<float>(o.stats), o.stats.dim(0), rows.count, pointer<int32_t>(rows.card),
           pointer<int32_t>(targets), o.first, pointer<T>(o.kept), entries,
           kept && logits_aligned(o.kept, entries), pointer<float>(losses), pointer<float>(o.token_loss),
           pointer<float>(o.lse));
  });
  sum_losses("vocabulary_loss.add_losses", losses, o.loss_sum);
}

void run_cuda(const VocabularyLossBackward& o) { head_gradients(o); }

}  // namespace genesis::kernels
