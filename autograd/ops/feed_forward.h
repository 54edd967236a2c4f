#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// The gated feed-forward, linear(swiglu(linear(x, gate_up, gate_up_bias)), down, down_bias), keeping x alone
/// for backward: the first product and its activation are computed again there (2 H 2F operations a token
/// more, 3F numbers a token less). The same values and gradients as the three operations, bit for bit.
///   x [..., H], gate_up [2F, H], down [out, F], biases [2F], [out] or undefined -> [..., out]
Tensor feed_forward(const Tensor& x, const Tensor& gate_up, const Tensor& gate_up_bias, const Tensor& down,
                    const Tensor& down_bias);

}  // namespace genesis::autograd
