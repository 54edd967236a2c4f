#include "trainer/plan/activation_memory.h"

#include <algorithm>
#include <vector>

#include "kernels/linear_cross_entropy.h"

namespace genesis::trainer {
namespace {

/// Bytes of one kind that are held.
struct Held {
  int64_t now = 0, peak = 0;
  void take(int64_t bytes) { peak = std::max(peak, now += bytes); }
  void give(int64_t bytes) { now -= bytes; }
  /// Held and let go of inside one operation.
  void touch(int64_t bytes) {
    take(bytes);
    give(bytes);
  }
};

/// Bytes of the arrays of one pass.
struct Sizes {
  explicit Sizes(const PlanInput& in);
  int64_t rows = 0;              // [N, H], or this rank's share of them
  int64_t gathered = 0;          // [N, H] where a rank keeps a share: rows of all ranks, partial sums
  int64_t qkv = 0, context = 0;  // [N, (A + 2K) d], [N, A d]
  int64_t gate_up = 0, mlp = 0;  // [N, 2F], [N, F]
  int64_t rstd = 0, lse = 0;     // [N] f32 (or the share), [A, N] f32
  int64_t qk_rstd = 0;           // [N, A + K] f32, with qk_norm
  int64_t lengths = 0;           // [documents] i32
  int64_t ids = 0;               // [N] i32
  int64_t kept = 0;              // what the loss keeps for backward
  int64_t statistics = 0;        // [1 + P, supervised, 3] f32: what P ranks say of each token
  int64_t replicated = 0;        // gradients of KV rows that several ranks hold
  int64_t table = 0;             // cos and sin
};

Sizes::Sizes(const PlanInput& in) {
  const models::QwenConfig& m = in.model;
  const int64_t t = in.tensor_parallel, b = size_of(in.compute_dtype()), d = m.head_dim;
  const bool shared = in.sequence_parallel && t > 1;
  const int64_t n = shared ? (in.tokens() + t - 1) / t * t : in.tokens(), share = shared ? t : 1;
  const int64_t heads = m.n_head / t, kv = std::max<int64_t>(1, m.n_kv_head / t);
  rows = n * m.n_embd * b / share;
  gathered = shared ? n * m.n_embd * b : 0;
  qkv = n * (heads + 2 * kv) * d * b;
  context = n * heads * d * b;
  mlp = n * (m.intermediate_size / t) * b;
  gate_up = 2 * mlp;
  rstd = 4 * n / share;
  lse = 4 * n * heads;
  qk_rstd = *m.qk_norm ? 4 * n * (heads + kv) : 0;
  lengths = 4 * (n / in.row_tokens);
  ids = 4 * n;
  const int64_t supervised = in.supervised_tokens(), vocabulary = (m.vocab_size + t - 1) / t;
  const bool keeps = kernels::keeps_logit_gradient(supervised, vocabulary, in.compute_dtype(), in.device);
  kept = keeps ? supervised * vocabulary * b : 4 * n;
  // Fewer supervised tokens than could be may fit where all do not: the bound covers every number of them.
  if (!keeps && in.supervised < 0)
    kept = std::min(in.device == Device::cpu ? kernels::kKeptLogitsBytes : kernels::kKeptLogitsBytesOnCard,
                    supervised * vocabulary * b);
  if (t > 1) statistics = 12 * supervised * (1 + t);
  if (m.n_kv_head < t) replicated = 4 * 2 * d * (m.n_embd + 1);
  table = in.row_tokens * d * 4;
}

class Pass {
 public:
  explicit Pass(const PlanInput& in) : size_(in), layers_(in.model.n_layer) {
    for (int64_t l = 0; l < layers_; ++l) recompute_.push_back(in.recompute(l));
  }

  ActivationPeak run() {
    held_.take(size_.table + 3 * size_.ids +
               size_.lengths);  // ids, positions, targets and bounds of the batch
    row_layer();                // the embedding, a sum over the ranks as well
    for (int64_t l = 0; l < layers_; ++l) forward(l);
    held_.take(2 * size_.rows + size_.rstd);  // the last norm
    held_.give(is_checkpointed(layers_ - 1) ? 2 * size_.rows : size_.rows);
    held_.take(size_.gathered + size_.kept);
    held_.touch(size_.statistics);
    held_.give(size_.gathered);
    // Backward.
    column_backward();
    held_.give(size_.kept + size_.rows);
    held_.take(size_.rows);
    held_.give(2 * size_.rows + size_.rstd);
    for (int64_t l = layers_; l-- > 0;) is_checkpointed(l) ? backward_recomputed(l) : backward(l);
    held_.touch(size_.gathered);
    return {held_.peak, input_gradients_.peak};
  }

 private:
  models::Recompute recompute(int64_t layer) const { return recompute_[size_t(layer)]; }
  bool is_checkpointed(int64_t layer) const { return recompute(layer) == models::Recompute::block; }
  /// Norms and the activation are given back.
  bool gives_back(int64_t layer) const { return models::recomputes_passes(recompute(layer)); }
  bool gives_back_gate_up(int64_t layer) const { return recompute(layer) == models::Recompute::feed_forward; }
  void norm_again() {
    held_.take(size_.rows);
    held_.touch(size_.rstd);
  }

  // Linear layers between ranks (parallel/ops): with sequence parallelism the rows of all ranks pass by.
  void column_layer(int64_t out) {
    held_.take(size_.gathered);
    held_.take(out);
    held_.give(size_.gathered);
  }
  void row_layer() { column_layer(size_.rows); }
  /// The input is gathered again while the partial sums of its gradient are made.
  void column_backward() {
    held_.take(2 * size_.gathered);
    held_.take(size_.rows);
    held_.give(2 * size_.gathered);
  }

  /// The residual sum and its norm, which are recorded always, and the rest of the block. What the block
  /// before fed goes at the end, and its residual too where nothing saved that.
  void forward(int64_t layer) {
    if (layer > 0) held_.take(size_.rows);
    held_.take(size_.rows + size_.rstd);
    if (is_checkpointed(layer)) {
      body_unrecorded();
      held_.give(size_.rows);  // the norm's output
    } else {
      body(layer);
    }
    if (layer > 0) held_.give(is_checkpointed(layer - 1) ? 2 * size_.rows : size_.rows);
  }

  /// What follows the first norm, recorded: what it saves stays.
  void body(int64_t layer) {
    column_layer(size_.qkv);
    if (size_.qk_rstd) held_.take(size_.qkv + size_.qk_rstd);
    held_.take(size_.context + size_.lse + size_.lengths);
    row_layer();  // attended
    if (gives_back(layer)) held_.give(size_.rows);
    held_.take(2 * size_.rows + size_.rstd);
    column_layer(size_.gate_up);
    held_.take(size_.mlp);
    row_layer();  // fed
    if (gives_back(layer)) held_.give(size_.mlp + size_.rows);
    if (gives_back_gate_up(layer)) held_.give(size_.gate_up);
    held_.give(size_.rows);
  }

  /// The same in a checkpoint: only what comes out of it stays.
  void body_unrecorded() {
    column_layer(size_.qkv);
    if (size_.qk_rstd) {
      held_.take(size_.qkv);
      held_.touch(size_.qk_rstd);
      held_.give(size_.qkv);
    }
    held_.take(size_.context);
    held_.touch(size_.lse + size_.lengths);
    row_layer();
    held_.give(size_.qkv + size_.context);
    held_.take(2 * size_.rows);
    held_.touch(size_.rstd);
    column_layer(size_.gate_up);
    held_.take(size_.mlp);
    row_layer();
    held_.give(size_.gate_up + size_.mlp + 2 * size_.rows);
  }

  void backward(int64_t layer) {
    body_backward(layer, true);
    held_.take(size_.rows);
    held_.give(3 * size_.rows + size_.rstd);  // both gradients, and the saved residual
  }

  /// To the gradients of the residual and of its norm. `own`: gradients are let go of when they have been
  /// used, and what the block was given when its last user ran; else they are the checkpoint's.
  void body_backward(int64_t layer, bool own) {
    if (gives_back_gate_up(layer)) {  // from the norm on
      norm_again();
      held_.take(size_.gate_up);
    }
    if (gives_back(layer)) held_.take(size_.mlp);
    column_layer(size_.mlp);  // as forward: the gradient of all rows passes by
    held_.give(size_.mlp);    // the input of `down`, saved or made again
    held_.take(size_.gate_up);
    held_.give(size_.mlp + size_.gate_up);
    if (gives_back(layer) && !gives_back_gate_up(layer)) norm_again();
    column_backward();
    held_.give(size_.gate_up + size_.rows);
    held_.take(size_.rows);
    held_.give((own ? 3 : 1) * size_.rows + size_.rstd);  // gradients in, and the saved residual
    if (!own) input_gradients_.take(size_.rows);
    column_layer(size_.context);
    if (!own) held_.give(size_.rows);  // the gradient of what attention gave
    held_.take(size_.qkv);
    held_.give(size_.context);
    held_.give(size_.qkv + size_.context + size_.lse + size_.lengths);
    if (size_.qk_rstd) {
      held_.touch(size_.qkv);
      held_.give(size_.qkv + size_.qk_rstd);
    }
    if (gives_back(layer)) norm_again();
    held_.take(size_.replicated);
    column_backward();
    held_.give(size_.replicated + size_.qkv);
    if (own) {
      held_.give(size_.rows);  // the norm's output
    } else {
      input_gradients_.take(size_.rows);
      held_.give(size_.rows);
    }
  }

  void backward_recomputed(int64_t layer) {
    const int64_t before = held_.now;
    norm_again();
    body(layer);
    body_backward(layer, false);
    held_.now = before - size_.rows;  // all of the second run, and the gradient that came in
    held_.take(size_.rows);
    input_gradients_.give((layer > 0 ? 2 : 1) * size_.rows);  // of the embedding's output there is one more
    held_.give(size_.rows + size_.rstd);
  }

  Sizes size_;
  int64_t layers_;
  std::vector<models::Recompute> recompute_;  // [layers]
  Held held_, input_gradients_;
};

}  // namespace

ActivationPeak activation_peak(const PlanInput& input) { return Pass(input).run(); }

}  // namespace genesis::trainer
