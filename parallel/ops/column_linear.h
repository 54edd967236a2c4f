#pragma once
#include "autograd/tensor.h"
#include "parallel/tensor_parallel.h"

namespace genesis::parallel {

/// Rows of the local weight that other ranks hold as well (KV heads when there are fewer than ranks): their
/// gradient is the sum over those ranks.
struct ReplicatedRows {
  int64_t begin = 0;              ///< rows [begin, end of the weight)
  Communicator* group = nullptr;  ///< the ranks that hold the same rows; null: nothing is replicated
};

/// A linear layer split by output: y = x W_r^T + b_r with this rank's rows W_r of the weight.
///   forward: gathers the rows of x under sequence parallelism.  backward: dx = sum over ranks of dy_r W_r,
///   while the weight's own product runs.
/// Shapes: x [N, in] (sequence parallel: [N / size, in]), weight [out_r, in], bias [out_r] or undefined ->
///         [N, out_r]
/// Types: autocast lower; sums over ranks in x's dtype, added up in f32
/// Memory: under sequence parallelism backward keeps this rank's rows of x and gathers them again.
/// Traffic a rank, in elements: forward N in / size (sequence parallel) or none; backward N in, or under
///   sequence parallelism 2 N in / size; the gradient of replicated rows.
/// Recomputation (autograd/recompute_later.h): where ranks hold all rows; else the output is kept.
/// Determinism: bitwise for a fixed thread count. Not split: autograd::linear.
Tensor column_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const TensorParallel& tp,
                     const ReplicatedRows& replicated = {});

}  // namespace genesis::parallel
