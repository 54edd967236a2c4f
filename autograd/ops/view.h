#pragma once
#include "autograd/tensor.h"

namespace genesis {

/// x repeated along extents of 1 and missing leading dimensions (stride 0, no copy); its gradient sums what
/// was repeated. Errors: genesis::Error naming both shapes when they do not fit.
Tensor expand(const Tensor& x, const Shape& shape);

}  // namespace genesis
