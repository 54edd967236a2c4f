#pragma once
#include <array>

#include "autograd/tensor.h"

namespace genesis::autograd {

/// {residual, y}: residual = x + delta, y = rms_norm(residual, weight, eps), in one pass over memory.
/// Shapes: x, delta [..., H], weight [H]     Types: autocast keep; x and delta of one dtype
/// Source: kernels/add_rms_norm.h
std::array<Tensor, 2> add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps);

}  // namespace genesis::autograd
