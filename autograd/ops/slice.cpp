#include "autograd/ops/slice.h"

#include "autograd/op.h"
#include "kernels/copy.h"
#include "kernels/fill.h"

namespace genesis {
namespace autograd {
namespace {

struct Slice {
  static constexpr const char* kName = "slice";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Part {
    Shape shape;
    int64_t dim, begin, end;
  };
  static Array forward(Context& ctx, const Array& x, int64_t dim, int64_t begin, int64_t end) {
    Array y = x.slice(dim, begin, end);
    ctx.keep(Part{x.shape(), dim, begin, end});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const auto& [shape, dim, begin, end] = saved.attributes<Part>();
    Array dx = Array::empty(shape, dy.dtype(), dy.device());
    kernels::run(kernels::Fill{.dst = dx, .value = 0});
    const Array part = dx.slice(dim, begin, end);
    kernels::run(kernels::Copy{.src = dy.view(part.shape()), .dst = part});
    return {dx};
  }
};

struct Select {
  static constexpr const char* kName = "select";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Part {
    Shape shape;
    int64_t dim, index;
  };
  static Array forward(Context& ctx, const Array& x, int64_t dim, int64_t index) {
    Array y = x.select(dim, index);
    ctx.keep(Part{x.shape(), dim, index});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const auto& [shape, dim, index] = saved.attributes<Part>();
    Array dx = Array::empty(shape, dy.dtype(), dy.device());
    kernels::run(kernels::Fill{.dst = dx, .value = 0});
    const Array part = dx.select(dim, index);
    kernels::run(kernels::Copy{.src = dy.view(part.shape()), .dst = part});
    return {dx};
  }
};

}  // namespace
}  // namespace autograd

Tensor Tensor::slice(int64_t dim, int64_t begin, int64_t end) const {
  return autograd::apply<autograd::Slice>(*this, dim, begin, end);
}
Tensor Tensor::select(int64_t dim, int64_t index) const {
  return autograd::apply<autograd::Select>(*this, dim, index);
}

}  // namespace genesis
