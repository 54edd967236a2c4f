#pragma once
#include <vector>

#include "autograd/tensor.h"
#include "parallel/communicator.h"

namespace genesis::parallel {

/// 2-norm of the gradient of the whole model of which each rank of `group` holds parts: every element counts
/// once, whether it is split or on every rank (owned_elements). Summed in f64; each rank gets the same
/// number, and it is not finite exactly when some element of some rank is not. Collective.
///   A group of one: nn::utils::grad_norm.
double grad_norm(const std::vector<Tensor>& parameters, Communicator& group);

/// The part of its square that this rank owns. Not collective.
double owned_square_sum(const std::vector<Tensor>& parameters);

}  // namespace genesis::parallel
