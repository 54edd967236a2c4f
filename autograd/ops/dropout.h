#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Sets elements to 0 with probability p and multiplies the others by 1 / (1 - p); the identity unless
/// training.
///   Draws one random stream of this thread (autograd/random.h); the mask is never stored.
/// Shapes: any     Types: autocast keep     Errors: genesis::Error unless 0 <= p < 1     Source:
/// kernels/dropout.h
Tensor dropout(const Tensor& x, double p, bool training = true);

}  // namespace genesis::autograd
