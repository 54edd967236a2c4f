#pragma once
#include "autograd/tensor.h"
#include "parallel/tensor_parallel.h"

namespace genesis::parallel {

/// A linear layer split by input: y = sum over ranks of x_r W_r^T, + b, with this rank's columns W_r.
///   The other half of column_linear: what that leaves on each rank is brought together here.
///   backward: gathers the rows of dy under sequence parallelism; dx_r = dy W_r needs no message.
/// Shapes: x [N, in_r], weight [out, in_r], bias [out] or undefined -> [N, out] (sequence parallel: [N /
/// size, out]) Types: autocast lower; sums over ranks in x's dtype, added up in f32 Traffic a rank, in
/// elements: forward N out (sequence parallel: N out / size); backward none (N out / size) The bias is whole
/// on every rank and added once; every rank computes its whole gradient. Determinism: bitwise for a fixed
/// thread count. Not split: autograd::linear.
Tensor row_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const TensorParallel& tp);

}  // namespace genesis::parallel
