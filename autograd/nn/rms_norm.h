#pragma once
#include "autograd/nn/module.h"

namespace genesis::nn {

/// y = x / sqrt(mean(x^2) + eps) weight over the last dimension. weight [width], 1 to begin with.
class RMSNorm : public Module {
 public:
  explicit RMSNorm(int64_t width, double eps = 1e-6, DType dtype = DType::f32);
  /// x [..., width] -> the same
  Tensor operator()(const Tensor& x) const;

  Tensor weight;

 private:
  double eps_;
};

}  // namespace genesis::nn
