#pragma once
#include "autograd/tensor.h"
#include "kernels/rope.h"

namespace genesis::autograd {

/// Rotates the first `heads` heads of every row in place, paired as the table says: q and k of a fused q-k-v
/// row.
///   The result shares x's bytes; x's own values are gone. Backward turns the gradient back, in place when it
///   may.
/// Shapes: x [N, columns] contiguous, columns >= heads * table.head_dim(); positions [N] i32, each below
/// table.length() Types: autocast keep     Errors: genesis::Error for a leaf that requires a gradient.
/// Source: kernels/rope.h
Tensor rope_(const Tensor& x, const Array& positions, const kernels::RopeTable& table, int64_t heads);

/// As rope_, leaving x alone.
Tensor rope(const Tensor& x, const Array& positions, const kernels::RopeTable& table, int64_t heads);

}  // namespace genesis::autograd
