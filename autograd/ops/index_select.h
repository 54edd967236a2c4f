#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Slices of dimension `dim` picked by number, as often as they are named; the gradient adds them back.
/// Shapes: x any, index [n] i32 or i64 -> x's with extent n there     Types: autocast keep
/// Errors: genesis::Error naming place and value of an index out of range.     Source: kernels/index_select.h
Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index);

}  // namespace genesis::autograd
