#include "autograd/nn/linear.h"

#include "autograd/ops/linear.h"

namespace genesis::nn {

Linear::Linear(int64_t in_features, int64_t out_features, bool with_bias, DType dtype)
    : weight(register_parameter("weight", parameter({out_features, in_features}, dtype))) {
  if (with_bias) bias = register_parameter("bias", parameter({out_features}, dtype));
}

Tensor Linear::operator()(const Tensor& x) const { return autograd::linear(x, weight, bias); }

}  // namespace genesis::nn
