#include "autograd/ops/unary.h"

#include "autograd/op.h"
#include "kernels/unary.h"

namespace genesis {
namespace autograd {
namespace {

using kernels::UnaryKind;

/// One struct for each kind, so that profiles and anomaly mode name it.
template <UnaryKind kKind>
struct Unary {
  static constexpr const char* name() {
    switch (kKind) {
      case UnaryKind::exp:
        return "exp";
      case UnaryKind::log:
        return "log";
      case UnaryKind::sqrt:
        return "sqrt";
      case UnaryKind::square:
        return "square";
      case UnaryKind::reciprocal:
        return "reciprocal";
      case UnaryKind::relu:
        return "relu";
      case UnaryKind::sigmoid:
        return "sigmoid";
      case UnaryKind::silu:
        return "silu";
      case UnaryKind::tanh:
        return "tanh";
    }
  }
  static constexpr const char* kName = name();
  static constexpr Autocast kAutocast = Autocast::keep;

  static Array forward(Context& ctx, const Array& x) {
    Array y = Array::empty(x.shape(), x.dtype(), x.device());
    kernels::run(kernels::UnaryForward{.kind = kKind, .x = x, .y = y});
    ctx.save(kernels::gradient_uses_result(kKind) ? y : x);
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    auto [kept] = saved.get<1>();
    Array dx = Array::empty(kept.shape(), kept.dtype(), kept.device());
    kernels::run(kernels::UnaryBackward{.kind = kKind, .saved = kept, .dy = dy.view(kept.shape()), .dx = dx});
    return {dx};
  }
};

}  // namespace
}  // namespace autograd

using autograd::Unary;
using kernels::UnaryKind;

Tensor exp(const Tensor& x) { return autograd::apply<Unary<UnaryKind::exp>>(x); }
Tensor log(const Tensor& x) { return autograd::apply<Unary<UnaryKind::log>>(x); }
Tensor sqrt(const Tensor& x) { return autograd::apply<Unary<UnaryKind::sqrt>>(x); }
Tensor square(const Tensor& x) { return autograd::apply<Unary<UnaryKind::square>>(x); }
Tensor reciprocal(const Tensor& x) { return autograd::apply<Unary<UnaryKind::reciprocal>>(x); }
Tensor relu(const Tensor& x) { return autograd::apply<Unary<UnaryKind::relu>>(x); }
Tensor sigmoid(const Tensor& x) { return autograd::apply<Unary<UnaryKind::sigmoid>>(x); }
Tensor silu(const Tensor& x) { return autograd::apply<Unary<UnaryKind::silu>>(x); }
Tensor tanh(const Tensor& x) { return autograd::apply<Unary<UnaryKind::tanh>>(x); }

}  // namespace genesis
