#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Matrix product of the last two dimensions: y_zij = sum_p a_zip b_zpj.
/// Shapes: a [..., M, K], b [..., K, N] with equal leading extents -> [..., M, N]; b may also be one matrix
/// [K, N] for all
///         of a. Either may be a transposed view.
/// Types: autocast lower; f64, f32, bf16; sums in f32 (f64).
/// Errors: genesis::Error when the shapes do not fit.     Source: kernels/matmul.h
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace genesis::autograd
