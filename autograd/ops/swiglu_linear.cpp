#include "autograd/ops/swiglu_linear.h"

#include "autograd/op.h"
#include "kernels/linear.h"
#include "kernels/swiglu.h"

namespace genesis::autograd {
namespace {

Array rows_of(const Array& x) { return x.view({-1, x.dim(-1)}); }

Array activated(const Array& x) {
  GENESIS_CHECK(x.ndim() >= 1 && x.dim(-1) % 2 == 0, "swiglu_linear: x has shape ", to_string(x.shape()),
                ", expected two halves beside each other");
  Shape shape = x.shape();
  shape.back() /= 2;
  const Array y = Array::empty(shape, x.dtype(), x.device());
  kernels::run(kernels::SwigluForward{.x = x, .y = y});
  return y;
}

struct SwigluLinear {
  static constexpr const char* kName = "swiglu_linear";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& x, const Array& weight, const Array& bias) {
    const Array act = activated(x);
    GENESIS_CHECK(act.dim(-1) == weight.dim(-1), "swiglu_linear: x has shape ", to_string(x.shape()),
                  ", weight ", to_string(weight.shape()));
    Shape shape = x.shape();
    shape.back() = weight.dim(0);
    const Array y = Array::empty(shape, x.dtype(), x.device());
    kernels::run(kernels::LinearForward{.x = rows_of(act), .weight = weight, .bias = bias, .y = rows_of(y)});
    ctx.save(x, weight);
    return y;
  }

  /// Where the gradient of input `i` goes: the leaf's own buffer, or an array that is returned.
  struct Target {
    Array grad;
    bool accumulate = false, returned = false;
    Array own() const { return returned ? grad : Array(); }
  };
  static Target target(const Saved& saved, size_t i, const Shape& shape, const Array& like) {
    if (!saved.needs(i)) return {};
    if (!saved.is_leaf(i)) return {Array::empty(shape, like.dtype(), like.device()), false, true};
    auto [grad, accumulate] = saved.gradient_target(i);
    return {grad, accumulate, false};
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x, weight] = saved.get<2>();
    const Array act = activated(x);
    const Array dact = saved.needs(0) ? Array::empty(act.shape(), dy.dtype(), dy.device()) : Array();
    const Target dw = target(saved, 1, weight.shape(), dy), db = target(saved, 2, {weight.dim(0)}, dy);
    kernels::run(kernels::LinearBackward{.dy = rows_of(dy),
                                         .x = rows_of(act),
                                         .weight = weight,
                                         .dx = dact.defined() ? rows_of(dact) : Array(),
                                         .dweight = dw.grad,
                                         .dbias = db.grad,
                                         .accumulate_dweight = dw.accumulate,
                                         .accumulate_dbias = db.accumulate});
    Array dx;
    if (dact.defined()) {
      dx = Array::empty(x.shape(), x.dtype(), x.device());
      kernels::run(kernels::SwigluBackward{.dy = dact, .x = x, .dx = dx});
    }
    return {dx, dw.own(), db.own()};
  }
};

}  // namespace

Tensor swiglu_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return apply<SwigluLinear>(x, weight, bias);
}

}  // namespace genesis::autograd
