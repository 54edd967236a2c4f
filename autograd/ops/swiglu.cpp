#include "autograd/ops/swiglu.h"

#include "autograd/op.h"
#include "kernels/swiglu.h"

namespace genesis::autograd {
namespace {

struct Swiglu {
  static constexpr const char* kName = "swiglu";
  static constexpr Autocast kAutocast = Autocast::keep;

  static Array forward(Context& ctx, const Array& x) {
    ctx.save(x);
    ctx.can_remake(&remake);
    return activated(x);
  }

  static Array remake(const Saved& saved) { return activated(saved.at(0)); }

  static Array activated(const Array& x) {
    Shape shape = x.shape();
    GENESIS_CHECK(!shape.empty() && shape.back() % 2 == 0, "swiglu: the last extent of ", to_string(shape),
                  " is odd");
    shape.back() /= 2;
    Array y = Array::empty(shape, x.dtype(), x.device());
    kernels::run(kernels::SwigluForward{.x = x, .y = y});
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x] = saved.get<1>();
    Array dx = Array::empty(x.shape(), x.dtype(), x.device());
    kernels::run(kernels::SwigluBackward{.dy = dy, .x = x, .dx = dx});
    return {dx};
  }
};

}  // namespace

Tensor swiglu(const Tensor& x) { return apply<Swiglu>(x); }

}  // namespace genesis::autograd
