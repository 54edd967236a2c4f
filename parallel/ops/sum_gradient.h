#pragma once
#include "autograd/tensor.h"
#include "parallel/communicator.h"

namespace genesis::parallel {

/// x itself; its gradient is summed over the ranks of `group`. For a parameter that all ranks hold whole and
/// of which each sees a part of the uses: some rows (norms under sequence parallelism), some heads (QK-norm).
/// The identity, without a node, for a group of one or none.
/// Collective in backward: N elements in the gradient's dtype.
Tensor sum_gradient(const Tensor& x, Communicator* group);

}  // namespace genesis::parallel
