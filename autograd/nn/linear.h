#pragma once
#include "autograd/nn/module.h"

namespace genesis::nn {

/// y = x weight^T + bias. weight [out, in], bias [out] or none; values undefined until initialised or loaded.
class Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, bool bias = true, DType dtype = DType::f32);
  /// x [..., in] -> [..., out]
  Tensor operator()(const Tensor& x) const;

  Tensor weight, bias;
};

}  // namespace genesis::nn
