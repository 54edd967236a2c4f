#pragma once
#include <functional>
#include <vector>

#include "autograd/tensor.h"

namespace genesis {

using TensorFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

/// Runs fn(inputs) keeping only its inputs; backward runs fn again to get what it needs.
///   Random numbers and autocast are replayed, so gradients are bit-identical with and without it.
///   fn must be a pure function of its inputs and of leaves (parameters).
/// Source: Chen et al., "Training deep nets with sublinear memory cost", 2016.
std::vector<Tensor> checkpoint(const TensorFunction& fn, const std::vector<Tensor>& inputs);

}  // namespace genesis
