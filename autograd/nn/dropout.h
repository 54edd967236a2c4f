#pragma once
#include "autograd/nn/module.h"

namespace genesis::nn {

/// In training sets elements to 0 with probability p and multiplies the others by 1 / (1 - p); else the
/// identity.
class Dropout : public Module {
 public:
  /// Errors: genesis::Error unless 0 <= p < 1.
  explicit Dropout(double p);
  Tensor operator()(const Tensor& x) const;

 private:
  double p_;
};

}  // namespace genesis::nn
