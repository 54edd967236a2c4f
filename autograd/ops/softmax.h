#pragma once
#include "autograd/tensor.h"

namespace genesis {

/// e^x / sum e^x over the last dimension.
/// Shapes: x [..., H] -> the same     Types: autocast keep, computed in f32     Source: kernels/softmax.h
Tensor softmax(const Tensor& x);

}  // namespace genesis
