#include "autograd/ops/arithmetic.h"

#include "autograd/engine.h"
#include "autograd/op.h"
#include "autograd/ops/sum_to_shape.h"
#include "autograd/ops/unary.h"
#include "kernels/affine.h"
#include "kernels/binary.h"

namespace genesis {
namespace autograd {
namespace {

using kernels::BinaryKind;

Array combine(BinaryKind kind, const Array& a, const Array& b) {
  Array y = Array::empty(kernels::broadcast_shape(a.shape(), b.shape()), a.dtype(), a.device());
  kernels::run(kernels::Binary{.kind = kind, .a = a, .b = b, .y = y});
  return y;
}

Array scaled(const Array& x, double factor, double offset = 0) {
  Array y = Array::empty(x.shape(), x.dtype(), x.device());
  kernels::run(kernels::Affine{.x = x, .factor = factor, .offset = offset, .y = y});
  return y;
}

struct Shapes {
  Shape a, b, y;
};

/// a + sign b
struct Add {
  static constexpr const char* kName = "add";
  static constexpr Autocast kAutocast = Autocast::widest;
  static Array forward(Context& ctx, const Array& a, const Array& b, double sign) {
    Array y = combine(sign > 0 ? BinaryKind::add : BinaryKind::subtract, a, b);
    ctx.keep(std::pair(Shapes{a.shape(), b.shape(), y.shape()}, sign));
    return y;
  }
  static Grads backward(const Saved& saved, const Array& given) {
    const auto& [shapes, sign] = saved.attributes<std::pair<Shapes, double>>();
    const Array dy = given.view(shapes.y);
    Array da, db;
    if (saved.needs(0)) da = sum_to_shape(dy, shapes.a);
    if (saved.needs(1)) {
      db = sum_to_shape(dy, shapes.b);
      if (sign < 0) db = scaled(db, -1);
    }
    return {da, db};
  }
};

struct Multiply {
  static constexpr const char* kName = "multiply";
  static constexpr Autocast kAutocast = Autocast::widest;
  static Array forward(Context& ctx, const Array& a, const Array& b) {
    Array y = combine(BinaryKind::multiply, a, b);
    ctx.save(ctx.needs(1) ? a : Array(), ctx.needs(0) ? b : Array());
    ctx.keep(Shapes{a.shape(), b.shape(), y.shape()});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& given) {
    auto [a, b] = saved.get<2>();
    const auto& shapes = saved.attributes<Shapes>();
    const Array dy = given.view(shapes.y);
    return {saved.needs(0) ? sum_to_shape(combine(BinaryKind::multiply, dy, b), shapes.a) : Array(),
            saved.needs(1) ? sum_to_shape(combine(BinaryKind::multiply, dy, a), shapes.b) : Array()};
  }
};

/// y = a / b:  da = dy / b,  db = -dy y / b
struct Divide {
  static constexpr const char* kName = "divide";
  static constexpr Autocast kAutocast = Autocast::widest;
  static Array forward(Context& ctx, const Array& a, const Array& b) {
    Array y = combine(BinaryKind::divide, a, b);
    ctx.save(b, ctx.needs(1) ? y : Array());
    ctx.keep(Shapes{a.shape(), b.shape(), y.shape()});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& given) {
    auto [b, y] = saved.get<2>();
    const auto& shapes = saved.attributes<Shapes>();
    const Array quotient = combine(BinaryKind::divide, given.view(shapes.y), b);
    Array db;
    if (saved.needs(1)) db = scaled(sum_to_shape(combine(BinaryKind::multiply, quotient, y), shapes.b), -1);
    return {saved.needs(0) ? sum_to_shape(quotient, shapes.a) : Array(), db};
  }
};

struct Affine {
  static constexpr const char* kName = "affine";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context& ctx, const Array& x, double factor, double offset) {
    ctx.keep(factor);
    return scaled(x, factor, offset);
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const double factor = saved.attributes<double>();
    return {factor == 1 ? dy : map_seed(dy, [&](const Array& g) { return scaled(g, factor); })};
  }
};

}  // namespace

Tensor affine(const Tensor& x, double factor, double offset) { return apply<Affine>(x, factor, offset); }

}  // namespace autograd

Tensor operator+(const Tensor& a, const Tensor& b) { return autograd::apply<autograd::Add>(a, b, 1.0); }
Tensor operator-(const Tensor& a, const Tensor& b) { return autograd::apply<autograd::Add>(a, b, -1.0); }
Tensor operator*(const Tensor& a, const Tensor& b) { return autograd::apply<autograd::Multiply>(a, b); }
Tensor operator/(const Tensor& a, const Tensor& b) { return autograd::apply<autograd::Divide>(a, b); }

Tensor operator+(const Tensor& a, double b) { return autograd::affine(a, 1, b); }
Tensor operator+(double a, const Tensor& b) { return autograd::affine(b, 1, a); }
Tensor operator-(const Tensor& a, double b) { return autograd::affine(a, 1, -b); }
Tensor operator-(double a, const Tensor& b) { return autograd::affine(b, -1, a); }
Tensor operator*(const Tensor& a, double b) { return autograd::affine(a, b, 0); }
Tensor operator*(double a, const Tensor& b) { return autograd::affine(b, a, 0); }
Tensor operator/(const Tensor& a, double b) { return autograd::affine(a, 1 / b, 0); }
Tensor operator/(double a, const Tensor& b) { return a * reciprocal(b); }
Tensor operator-(const Tensor& a) { return autograd::affine(a, -1, 0); }

}  // namespace genesis
