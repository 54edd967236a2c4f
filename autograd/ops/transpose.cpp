#include "autograd/ops/transpose.h"

#include "autograd/op.h"
#include "kernels/copy.h"

namespace genesis {
namespace autograd {
namespace {

struct Transpose {
  static constexpr const char* kName = "transpose";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Dims {
    Shape shape;  // of the output
    int64_t a, b;
  };
  static Array forward(Context& ctx, const Array& x, int64_t a, int64_t b) {
    Array y = x.transpose(a, b);
    ctx.keep(Dims{y.shape(), a, b});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const auto& [shape, a, b] = saved.attributes<Dims>();
    return {kernels::contiguous(dy.view(shape).transpose(a, b))};
  }
};

}  // namespace
}  // namespace autograd

Tensor Tensor::transpose(int64_t a, int64_t b) const {
  return autograd::apply<autograd::Transpose>(*this, a, b);
}

}  // namespace genesis
