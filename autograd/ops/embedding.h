#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// y = weight[ids]
/// Shapes: ids [...] i32 or i64, weight [V, H] -> [..., H]
/// Types: autocast: an f32 table gives rows in the autocast dtype; the gradient goes straight into the
/// table's buffer. Errors: genesis::Error naming place and value of an id outside [0, V). Source:
/// kernels/embedding.h
Tensor embedding(const Tensor& ids, const Tensor& weight);

}  // namespace genesis::autograd
