#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// linear(swiglu(x), weight, bias), keeping x alone for backward: swiglu(x) is computed again there, a pass
/// over memory instead of F numbers a token. The same values and gradients as the two operations, bit for
/// bit.
///   x [..., 2F], weight [out, F], bias [out] or undefined -> [..., out]
Tensor swiglu_linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace genesis::autograd
