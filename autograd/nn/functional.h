#pragma once
#include "autograd/ops/cross_entropy.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/embedding.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/rms_norm.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/swiglu.h"
#include "autograd/ops/unary.h"

/// Differentiable functions under the names a PyTorch user looks for. Each is documented where it is declared
/// (autograd/ops/<name>.h).
namespace genesis::nn::functional {

using autograd::cross_entropy;
using autograd::dropout;
using autograd::embedding;
using autograd::linear;
using autograd::Reduction;
using autograd::rms_norm;
using autograd::swiglu;
using genesis::relu;
using genesis::sigmoid;
using genesis::silu;
using genesis::softmax;
using genesis::tanh;

}  // namespace genesis::nn::functional
