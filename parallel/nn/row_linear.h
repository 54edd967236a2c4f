#pragma once
#include "autograd/nn/module.h"
#include "parallel/ops/row_linear.h"

namespace genesis::parallel {

/// nn::Linear whose inputs are shared out over the ranks; plain when `tp` is not split.
///   weight [out, in_r]: columns; bias [out] on every rank; both say which part they are (shard_of).
class RowLinear : public nn::Module {
 public:
  RowLinear(int64_t in_features, int64_t out_features, bool with_bias, DType dtype, const TensorParallel& tp);
  /// x [N, in_r] -> [N, out] (sequence parallel: [N / size, out])
  Tensor operator()(const Tensor& x) const { return row_linear(x, weight, bias, tp_); }

  Tensor weight, bias;

 private:
  TensorParallel tp_;
};

}  // namespace genesis::parallel
