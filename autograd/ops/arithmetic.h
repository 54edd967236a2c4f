#pragma once
#include "autograd/tensor.h"

namespace genesis {

// Element by element, with broadcasting (extents of 1 and missing leading dimensions repeat).
// Types: one floating dtype; autocast widest. Errors: genesis::Error naming both shapes when they do not fit.
// Source: kernels/binary.h, kernels/affine.h
Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);

Tensor operator+(const Tensor& a, double b);
Tensor operator+(double a, const Tensor& b);
Tensor operator-(const Tensor& a, double b);
Tensor operator-(double a, const Tensor& b);
Tensor operator*(const Tensor& a, double b);
Tensor operator*(double a, const Tensor& b);
Tensor operator/(const Tensor& a, double b);
Tensor operator/(double a, const Tensor& b);
Tensor operator-(const Tensor& a);

namespace autograd {
/// factor x + offset
Tensor affine(const Tensor& x, double factor, double offset);
}  // namespace autograd

}  // namespace genesis
