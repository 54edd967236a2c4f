#include "autograd/nn/rms_norm.h"

#include "autograd/nn/init.h"
#include "autograd/ops/rms_norm.h"

namespace genesis::nn {

RMSNorm::RMSNorm(int64_t width, double eps, DType dtype)
    : weight(register_parameter("weight", parameter({width}, dtype))), eps_(eps) {
  init::constant_(weight, 1);
}

Tensor RMSNorm::operator()(const Tensor& x) const { return autograd::rms_norm(x, weight, eps_); }

}  // namespace genesis::nn
