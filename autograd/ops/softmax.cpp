#include "autograd/ops/softmax.h"

#include "autograd/op.h"
#include "kernels/copy.h"
#include "kernels/softmax.h"

namespace genesis {
namespace autograd {
namespace {

struct Softmax {
  static constexpr const char* kName = "softmax";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context& ctx, const Array& x) {
    Array y = Array::empty(x.shape(), x.dtype(), x.device());
    kernels::run(kernels::SoftmaxForward{.x = kernels::contiguous(x), .y = y});
    ctx.save(y);
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    auto [y] = saved.get<1>();
    Array dx = Array::empty(y.shape(), y.dtype(), y.device());
    kernels::run(kernels::SoftmaxBackward{.y = y, .dy = dy.view(y.shape()), .dx = dx});
    return {dx};
  }
};

}  // namespace
}  // namespace autograd

Tensor softmax(const Tensor& x) { return autograd::apply<autograd::Softmax>(x); }

}  // namespace genesis
