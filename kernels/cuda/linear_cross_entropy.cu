// The head in chunks of supervised rows (head_chunks.cuh); per row one read of the logits for the loss and,
// where the gradient is kept, a second read and a write. Share of peak: not measured.
#include "kernels/cuda/head_chunks.cuh"
#include "kernels/linear_cross_entropy.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

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

}  // namespace

void run_cuda(const LinearCrossEntropyForward& o) {
  const int64_t vocabulary = o.weight.dim(0);
  const SupervisedRows rows(o.targets, vocabulary);
  GENESIS_CHECK(!o.kept.defined() || o.kept.dim(0) == rows.count, o.kName, ": kept has ",
                o.kept.defined() ? o.kept.dim(0) : 0, " rows, ", rows.count, " tokens are supervised");
  zero_tokens(o.token_loss, o.lse);
  if (rows.count == 0) return genesis::cuda::zero_on_card(o.loss_sum.raw(), o.loss_sum.nbytes());
  const Array targets = card_copy(o.targets), losses = card_workspace({rows.count}, DType::f32);
  for_each_chunk(o.x, o.weight, rows, o.kept, [&](int64_t first, const Array& logits) {
    dispatch_device(o.x.dtype(), [&](auto tag) {
      using T = decltype(tag);
      launch(o.kName, {.blocks = logits.dim(0), .threads = kLogitThreads}, loss_rows<T>, pointer<T>(logits),
             pointer<int32_t>(rows.card) + first, pointer<int32_t>(targets), vocabulary,
             logits_aligned(logits, vocabulary), o.kept.defined(), pointer<float>(losses) + first,
             pointer<float>(o.token_loss), pointer<float>(o.lse));
    });
  });
  sum_losses("linear_cross_entropy.add_losses", losses, o.loss_sum);
}

void run_cuda(const LinearCrossEntropyBackward& o) { head_gradients(as_one_part(o)); }

}  // namespace genesis::kernels
