#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// y = round(x / sqrt(mean(x^2) + eps)) weight over the last dimension.
/// Shapes: x [..., H] (leading strides free), weight [H] -> [..., H]
/// Types: autocast keep (sums in f32, the weight stays f32). Source: kernels/rms_norm.h
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);

}  // namespace genesis::autograd
