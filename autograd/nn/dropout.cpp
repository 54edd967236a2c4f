#include "autograd/nn/dropout.h"

#include "autograd/ops/dropout.h"

namespace genesis::nn {

Dropout::Dropout(double p) : p_(p) {
  GENESIS_CHECK(p >= 0 && p < 1, "Dropout: probability ", p, " is outside [0, 1)");
}

Tensor Dropout::operator()(const Tensor& x) const { return autograd::dropout(x, p_, is_training()); }

}  // namespace genesis::nn
