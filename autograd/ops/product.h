#pragma once
// What linear, swiglu_linear and feed_forward are made of.
#include "autograd/op.h"
#include "autograd/ops/weight_target.h"
#include "kernels/linear.h"
#include "kernels/swiglu.h"

namespace genesis::autograd {

inline Array rows_of(const Array& x) { return x.view({-1, x.dim(-1)}); }

/// silu(a) b of x = [a | b]: [..., 2F] -> [..., F]. Errors: genesis::Error naming `op` for an odd width.
inline Array activated(const char* op, const Array& x) {
  GENESIS_CHECK(x.ndim() >= 1 && x.dim(-1) % 2 == 0, op, ": x has shape ", to_string(x.shape()),
                ", expected two halves beside each other");
  Shape shape = x.shape();
  shape.back() /= 2;
  const Array y = Array::empty(shape, x.dtype(), x.device());
  kernels::run(kernels::SwigluForward{.x = x, .y = y});
  return y;
}

/// x weight^T + bias: [..., in] -> [..., out]. Errors: genesis::Error naming `op` when the widths differ.
inline Array product(const char* op, const Array& x, const Array& weight, const Array& bias) {
  GENESIS_CHECK(x.ndim() >= 1 && x.dim(-1) == weight.dim(-1), op, ": x has shape ", to_string(x.shape()),
                ", weight ", to_string(weight.shape()));
  Shape shape = x.shape();
  shape.back() = weight.dim(0);
  const Array y = Array::empty(shape, x.dtype(), x.device());
  kernels::run(kernels::LinearForward{.x = rows_of(x), .weight = weight, .bias = bias, .y = rows_of(y)});
  return y;
}

/// Gradients of product(x, weight, bias): into the targets, and dx [..., in] where it is wanted.
inline Array product_backward(const Array& dy, const Array& x, const Array& weight, const WeightTarget& dw,
                              const WeightTarget& db, bool wants_dx) {
  Shape shape = dy.shape();
  shape.back() = weight.dim(1);
  const Array dx = wants_dx ? Array::empty(shape, dy.dtype(), dy.device()) : Array();
  kernels::run(kernels::LinearBackward{.dy = rows_of(dy),
                                       .x = x.defined() ? rows_of(x) : Array(),
                                       .weight = weight,
                                       .dx = wants_dx ? rows_of(dx) : Array(),
                                       .dweight = dw.grad,
                                       .dbias = db.grad,
                                       .accumulate_dweight = dw.accumulate,
                                       .accumulate_dbias = db.accumulate});
  return dx;
}

/// The gradient of x = [a | b] from that of silu(a) b weight^T + bias; those of weight and bias into the
/// targets.
inline Array gated_backward(const char* op, const Array& dy, const Array& x, const Array& weight,
                            const WeightTarget& dw, const WeightTarget& db, bool wants_dx) {
  const Array dact = product_backward(dy, activated(op, x), weight, dw, db, wants_dx);
  if (!wants_dx) return {};
  const Array dx = Array::empty(x.shape(), x.dtype(), x.device());
  kernels::run(kernels::SwigluBackward{.dy = dact, .x = x, .dx = dx});
  return dx;
}

}  // namespace genesis::autograd
