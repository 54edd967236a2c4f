#include "autograd/ops/view.h"

#include "autograd/op.h"
#include "autograd/ops/sum_to_shape.h"
#include "kernels/copy.h"

namespace genesis {
namespace autograd {
namespace {

/// The same elements in another shape; shares the bytes where the layout allows it.
struct View {
  static constexpr const char* kName = "view";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context& ctx, const Array& x, const Shape& shape) {
    ctx.keep(x.shape());
    return x.view(shape);
  }
  static Grads backward(const Saved& saved, const Array& dy) { return {dy.view(saved.attributes<Shape>())}; }
};

struct Unsqueeze {
  static constexpr const char* kName = "unsqueeze";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context& ctx, const Array& x, int64_t dim) {
    ctx.keep(x.shape());
    return x.unsqueeze(dim);
  }
  static Grads backward(const Saved& saved, const Array& dy) { return {dy.view(saved.attributes<Shape>())}; }
};

struct Contiguous {
  static constexpr const char* kName = "contiguous";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context&, const Array& x) { return kernels::converted_copy(x, x.dtype()); }
  static Grads backward(const Saved&, const Array& dy) { return {dy}; }
};

struct Expand {
  static constexpr const char* kName = "expand";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Shapes {
    Shape from, to;
  };
  static Array forward(Context& ctx, const Array& x, const Shape& shape) {
    ctx.keep(Shapes{x.shape(), shape});
    return x.expand(shape);
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const auto& [from, to] = saved.attributes<Shapes>();
    return {sum_to_shape(dy.view(to), from)};
  }
};

}  // namespace
}  // namespace autograd

Tensor Tensor::view(Shape shape) const { return autograd::apply<autograd::View>(*this, shape); }
Tensor Tensor::reshape(Shape shape) const { return contiguous().view(std::move(shape)); }
Tensor Tensor::unsqueeze(int64_t dim) const { return autograd::apply<autograd::Unsqueeze>(*this, dim); }
Tensor Tensor::contiguous() const {
  return value().is_contiguous() ? *this : autograd::apply<autograd::Contiguous>(*this);
}
Tensor expand(const Tensor& x, const Shape& shape) { return autograd::apply<autograd::Expand>(x, shape); }

}  // namespace genesis
