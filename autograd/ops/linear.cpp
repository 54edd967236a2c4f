#include "autograd/ops/linear.h"

#include "autograd/op.h"
#include "kernels/linear.h"

namespace genesis::autograd {
namespace {

Array rows_of(const Array& x) { return x.view({-1, x.dim(-1)}); }

struct Linear {
  static constexpr const char* kName = "linear";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& x, const Array& weight, const Array& bias) {
    Shape shape = x.shape();
    GENESIS_CHECK(!shape.empty() && shape.back() == weight.dim(-1), "linear: x has shape ",
                  to_string(x.shape()), ", weight ", to_string(weight.shape()));
    shape.back() = weight.dim(0);
    Array y = Array::empty(shape, x.dtype(), x.device());
    kernels::run(kernels::LinearForward{.x = rows_of(x), .weight = weight, .bias = bias, .y = rows_of(y)});
    ctx.save(ctx.needs(1) ? x : Array(), weight);
    return y;
  }

  /// Where the gradient of input `i` goes: the leaf's own buffer, or an array that is returned.
  struct Target {
    Array grad;
    bool accumulate = false;
    bool returned = false;
  };
  static Target target(const Saved& saved, size_t i, const Shape& shape, DType dtype, Device device) {
    if (!saved.needs(i)) return {};
    if (saved.is_leaf(i)) {
      auto [grad, accumulate] = saved.gradient_target(i);
      return {grad, accumulate, false};
    }
    return {Array::empty(shape, dtype, device), false, true};
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x, weight] = saved.get<2>();
    const Array rows = rows_of(dy);
    Shape shape = dy.shape();
    shape.back() = weight.dim(1);
    const Array dx = saved.needs(0) ? Array::empty(shape, dy.dtype(), dy.device()) : Array();
    const Target dw = target(saved, 1, weight.shape(), dy.dtype(), dy.device());
    const Target db = target(saved, 2, {weight.dim(0)}, dy.dtype(), dy.device());
    kernels::run(kernels::LinearBackward{.dy = rows,
                                         .x = x.defined() ? rows_of(x) : Array(),
                                         .weight = weight,
                                         .dx = dx.defined() ? rows_of(dx) : Array(),
                                         .dweight = dw.grad,
                                         .dbias = db.grad,
                                         .accumulate_dweight = dw.accumulate,
                                         .accumulate_dbias = db.accumulate});
    return {dx, dw.returned ? dw.grad : Array(), db.returned ? db.grad : Array()};
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return apply<Linear>(x, weight, bias);
}

}  // namespace genesis::autograd
