#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// y = x weight^T + bias over the last dimension.
/// Shapes: x [..., in], weight [out, in], bias [out] or undefined -> [..., out]
/// Types: autocast lower; f64, f32, bf16. The gradient of a leaf weight is added straight into its own
/// buffer. Source: kernels/linear.h
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace genesis::autograd
