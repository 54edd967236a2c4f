#pragma once
#include "autograd/tensor.h"

namespace genesis {

// Element by element; shapes stay. Types: autocast keep, bf16 computes in f32 and rounds once. Source:
// kernels/unary.h
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor square(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor relu(const Tensor& x);     ///< max(x, 0), slope 0 at 0
Tensor sigmoid(const Tensor& x);  ///< 1 / (1 + e^-x)
Tensor silu(const Tensor& x);     ///< x sigmoid(x)
Tensor tanh(const Tensor& x);

}  // namespace genesis
