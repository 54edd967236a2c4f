#include "autograd/ops/linear.h"

#include "autograd/op.h"
#include "autograd/ops/weight_target.h"
#include "kernels/linear.h"

namespace genesis::autograd {
namespace {

Array rows_of(const Array& x) { return x.view({-1, x.dim(-1)}); }

/// [..., in] with rows of another length, uninitialised.
Array rows_like(const Array& x, int64_t width) {
  Shape shape = x.shape();
  shape.back() = width;
  return Array::empty(std::move(shape), x.dtype(), x.device());
}

Array product(const Array& x, const Array& weight, const Array& bias) {
  const Array y = rows_like(x, weight.dim(0));
  kernels::run(kernels::LinearForward{.x = rows_of(x), .weight = weight, .bias = bias, .y = rows_of(y)});
  return y;
}

struct Linear {
  static constexpr const char* kName = "linear";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& x, const Array& weight, const Array& bias) {
    GENESIS_CHECK(x.ndim() >= 1 && x.dim(-1) == weight.dim(-1), "linear: x has shape ", to_string(x.shape()),
                  ", weight ", to_string(weight.shape()));
    ctx.save(ctx.needs(1) ? x : Array(), weight, bias);
    if (ctx.needs(1)) ctx.can_remake(&remake);
    return product(x, weight, bias);
  }

  static Array remake(const Saved& saved) {
    auto [x, weight, bias] = saved.get<3>();
    return product(x, weight, bias);
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x, weight, bias] = saved.get<3>();
    const WeightTarget dw(saved, 1, weight.shape(), dy), db(saved, 2, {weight.dim(0)}, dy);
    const Array dx = saved.needs(0) ? rows_like(dy, weight.dim(1)) : Array();
    kernels::run(kernels::LinearBackward{.dy = rows_of(dy),
                                         .x = x.defined() ? rows_of(x) : Array(),
                                         .weight = weight,
                                         .dx = dx.defined() ? rows_of(dx) : Array(),
                                         .dweight = dw.grad,
                                         .dbias = db.grad,
                                         .accumulate_dweight = dw.accumulate,
                                         .accumulate_dbias = db.accumulate});
    return {dx, dw.returned(), db.returned()};
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return apply<Linear>(x, weight, bias);
}

}  // namespace genesis::autograd
