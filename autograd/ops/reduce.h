#pragma once
#include "autograd/tensor.h"

namespace genesis {

/// Sum and mean along dims (all of them when the list is empty); reduced extents are left out, or stay as 1
/// with keep_dims. Types: summed in f32 (f64 for f64); bf16 gives f32     Determinism: bitwise     Source:
/// kernels/reduce.h
Tensor sum(const Tensor& x, Shape dims, bool keep_dims = false);
Tensor mean(const Tensor& x, Shape dims, bool keep_dims = false);

}  // namespace genesis
