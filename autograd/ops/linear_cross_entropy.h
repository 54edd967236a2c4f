#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Sum over the supervised tokens of -ln softmax(x weight^T)[target]; divide by the step's token count
/// outside. Shapes: x [..., H], weight [V, H], targets i32 with one entry per row of x -> scalar [] Types:
/// autocast lower; the loss is f32 (f64 for f64). The gradient of a leaf weight is added straight into its
/// buffer. Memory: the gradient of the logits is kept for backward while it fits kernels::kKeptLogitsBytes,
/// else the logits are
///         computed again, a chunk at a time.
/// Errors: genesis::Error naming the token when a target is neither -100 (ignored) nor in [0, V).
/// Source: kernels/linear_cross_entropy.h
Tensor linear_cross_entropy(const Tensor& x, const Tensor& weight, const Array& targets);

/// The losses themselves, 0 where ignored: [rows of x], f32 (f64 for f64); no gradient.
Array token_losses(const Tensor& x, const Tensor& weight, const Array& targets);

}  // namespace genesis::autograd
