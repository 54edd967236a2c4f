#pragma once
#include "autograd/op.h"
#include "autograd/ops/rms_norm_weight.h"
#include "kernels/rms_norm.h"

namespace genesis::autograd {

/// The normalised rows, of a node that saved {x, weight, rstd} and kept eps: one pass over x [..., H].
inline Array norm_again(const Saved& saved) {
  const auto [x, weight, rstd] = saved.get<3>();
  const Array y = Array::empty(x.shape(), x.dtype(), x.device());
  const Array same_rstd = Array::empty(rstd.shape(), rstd.dtype(), rstd.device());
  kernels::run(kernels::RmsNormForward{
      .x = x, .weight = weight, .eps = saved.attributes<double>(), .y = y, .rstd = same_rstd});
  return y;
}

}  // namespace genesis::autograd
