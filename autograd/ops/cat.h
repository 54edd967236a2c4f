#pragma once
#include <vector>

#include "autograd/tensor.h"

namespace genesis {

/// Tensors side by side along `dim` (negative counts from the end).
/// Shapes: equal but for `dim`     Types: any, one for all; autocast widest     Source: kernels/cat.h
/// Errors: genesis::Error for an empty list or shapes that do not fit.
Tensor cat(const std::vector<Tensor>& tensors, int64_t dim = 0);

}  // namespace genesis
