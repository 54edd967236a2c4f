#include "autograd/ops/feed_forward.h"

#include "autograd/ops/product.h"

namespace genesis::autograd {
namespace {

struct FeedForward {
  static constexpr const char* kName = "feed_forward";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& x, const Array& gate_up, const Array& gate_up_bias,
                       const Array& down, const Array& down_bias) {
    const Array y =
        product(kName, activated(kName, product(kName, x, gate_up, gate_up_bias)), down, down_bias);
    ctx.save(x, gate_up, gate_up_bias, down);
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x, gate_up, gate_up_bias, down] = saved.get<4>();
    const WeightTarget d_down(saved, 3, down.shape(), dy), d_down_bias(saved, 4, {down.dim(0)}, dy);
    const bool inner = saved.needs(0) || saved.needs(1) || saved.needs(2);
    const Array gate =
        gated_backward(kName, dy, product(kName, x, gate_up, gate_up_bias), down, d_down, d_down_bias, inner);
    const WeightTarget d_gate_up(saved, 1, gate_up.shape(), dy),
        d_gate_up_bias(saved, 2, {gate_up.dim(0)}, dy);
    const Array dx =
        inner ? product_backward(gate, x, gate_up, d_gate_up, d_gate_up_bias, saved.needs(0)) : Array();
    return {dx, d_gate_up.returned(), d_gate_up_bias.returned(), d_down.returned(), d_down_bias.returned()};
  }
};

}  // namespace

Tensor feed_forward(const Tensor& x, const Tensor& gate_up, const Tensor& gate_up_bias, const Tensor& down,
                    const Tensor& down_bias) {
  return apply<FeedForward>(x, gate_up, gate_up_bias, down, down_bias);
}

}  // namespace genesis::autograd
