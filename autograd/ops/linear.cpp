#include "autograd/ops/linear.h"

#include "autograd/ops/product.h"

namespace genesis::autograd {
namespace {

struct Linear {
  static constexpr const char* kName = "linear";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& x, const Array& weight, const Array& bias) {
    const Array y = product(kName, x, weight, bias);
    ctx.save(ctx.needs(1) ? x : Array(), weight);
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x, weight] = saved.get<2>();
    const WeightTarget dw(saved, 1, weight.shape(), dy), db(saved, 2, {weight.dim(0)}, dy);
    const Array dx = product_backward(dy, x, weight, dw, db, saved.needs(0));
    return {dx, dw.returned(), db.returned()};
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return apply<Linear>(x, weight, bias);
}

}  // namespace genesis::autograd
