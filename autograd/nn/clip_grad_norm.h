#pragma once
#include <vector>

#include "autograd/tensor.h"

namespace genesis::nn::utils {

/// 2-norm over the gradients of all parameters, summed in f64 in a fixed order; a parameter without one
/// counts 0.
///   It is not finite exactly when some gradient element is not.
double grad_norm(const std::vector<Tensor>& parameters);

/// Gradients are multiplied by this to bring a norm down to max_norm: min(1, max_norm / (norm + 1e-6)).
/// max_norm = 0 means no clipping.
double clip_coefficient(double norm, double max_norm);

/// Scales all gradients in place so that their norm is at most max_norm; returns the norm before.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm);

}  // namespace genesis::nn::utils
