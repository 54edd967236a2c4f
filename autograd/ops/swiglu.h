#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// y = silu(a) b of x = [a | b] over the last dimension.
/// Shapes: x [..., 2F] -> [..., F]     Types: autocast keep     Source: kernels/swiglu.h
Tensor swiglu(const Tensor& x);

}  // namespace genesis::autograd
