#pragma once
#include "autograd/nn/module.h"
#include "parallel/ops/column_linear.h"
#include "parallel/shard.h"

namespace genesis::parallel {

/// nn::Linear whose outputs are shared out over the ranks; plain when `tp` is not split. Several projections
/// of one input stacked in one matrix (q | k | v, gate | up) are shared out block by block.
///   weight [out_r, in], bias [out_r]: see stacked_rows; both say which part they are (shard_of).
class ColumnLinear : public nn::Module {
 public:
  struct Options {
    bool bias = true;
    DType dtype = DType::f32;
    TensorParallel tp;
    Communicator* replicas = nullptr;  ///< the ranks that hold the same blocks, where some are replicated
  };
  /// Errors: genesis::Error when a block of units neither divides the ranks nor is divided by them, or rows
  /// are replicated and `replicas` is null.
  ColumnLinear(int64_t in_features, const std::vector<RowBlock>& blocks, const Options& options);
  /// x [N, in] (sequence parallel: [N / size, in]) -> [N, out_r]
  Tensor operator()(const Tensor& x) const { return column_linear(x, weight, bias, tp_, replicated_); }

  Tensor weight, bias;

 private:
  TensorParallel tp_;
  ReplicatedRows replicated_;
};

}  // namespace genesis::parallel
