#pragma once
#include <functional>
#include <memory>

#include "autograd/nn/rms_norm.h"
#include "models/qwen/attention.h"
#include "models/qwen/recompute.h"

namespace genesis::models {

/// The gated feed-forward of a block: down(silu(a) b), [a | b] = gate_up(x).
class QwenMlp : public nn::Module {
 public:
  QwenMlp(const QwenConfig& config, DType dtype, const ModelSplit& split = {});
  /// x [N, H] -> [N, H]
  Tensor operator()(const Tensor& x) const;

  parallel::ColumnLinear gate_up;
  parallel::RowLinear down;
  Recompute recompute = Recompute::nothing;  ///< of its own values; block: nothing of them
};

/// The residual stream between blocks: its value is x + delta. The sum is left to the next norm, which reads
/// both in one pass; delta is undefined after the embedding.
struct Residual {
  Tensor x, delta;
};

/// The sum x + delta, and its RMSNorm.
struct NormedResidual {
  Tensor x, y;
};

/// One transformer block, pre-norm, for every Qwen family.
///   x = x + attention(rms_norm(x));  x = x + mlp(rms_norm(x))
class QwenBlock : public nn::Module {
 public:
  QwenBlock(const QwenConfig& config, int64_t layer, DType dtype, const ModelSplit& split = {});
  /// A subclass may look at what comes in and goes out, and hand on a pass with a tracer of its own.
  virtual Residual operator()(const Residual& in, const ForwardPass& pass) const;

  nn::RMSNorm input_norm;
  QwenAttention attention;
  nn::RMSNorm post_norm;
  QwenMlp mlp;

  /// What backward computes again here. `block`: all but the residual sum, the one thing that is kept; not
  /// while a tracer looks on.
  void set_recompute(Recompute what) { mlp.recompute = what; }
  bool is_checkpointed() const { return mlp.recompute == Recompute::block; }

 private:
  /// What follows the first norm.
  Residual body(const NormedResidual& first, const ForwardPass& pass) const;

  int64_t layer_;
  double eps_;
  parallel::TensorParallel tp_;
};

/// Makes block number `layer` of a model.
using BlockFactory = std::function<std::unique_ptr<QwenBlock>(const QwenConfig& config, int64_t layer,
                                                              DType dtype, const ModelSplit& split)>;

NormedResidual norm(const Residual& in, const Tensor& weight, double eps, const parallel::TensorParallel& tp);

}  // namespace genesis::models
