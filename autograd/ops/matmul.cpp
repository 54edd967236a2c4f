#include "autograd/ops/matmul.h"

#include "autograd/op.h"
#include "kernels/matmul.h"

namespace genesis::autograd {
namespace {

/// One matrix for all of a: the leading dimensions of a are rows.
bool shares_b(const Array& a, const Array& b) { return b.ndim() == 2 && a.ndim() > 2; }
Array flat(const Array& x) { return x.view({x.numel() / std::max<int64_t>(1, x.dim(-1)), x.dim(-1)}); }

struct MatMul {
  static constexpr const char* kName = "matmul";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& a, const Array& b) {
    GENESIS_CHECK(a.ndim() >= 2 && b.ndim() >= 2 && a.dim(-1) == b.dim(-2), "matmul: a ",
                  to_string(a.shape()), " times b ", to_string(b.shape()));
    Shape shape = a.shape();
    shape.back() = b.dim(-1);
    const Array y = Array::empty(shape, a.dtype(), a.device());
    if (shares_b(a, b)) {
      kernels::run(kernels::MatMul{.a = flat(a), .b = b, .c = flat(y)});
    } else {
      kernels::run(kernels::MatMul{.a = a, .b = b, .c = y});
    }
    ctx.save(a, b);
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [a, b] = saved.get<2>();
    const Array da = saved.needs(0) ? Array::empty(a.shape(), a.dtype(), a.device()) : Array();
    const Array db = saved.needs(1) ? Array::empty(b.shape(), b.dtype(), b.device()) : Array();
    const bool shared = shares_b(a, b);
    const Array rows = shared ? flat(dy) : dy;
    if (da.defined())
      kernels::run(kernels::MatMul{.a = rows, .b = b, .c = shared ? flat(da) : da, .transpose_b = true});
    if (db.defined())
      kernels::run(kernels::MatMul{.a = shared ? flat(a) : a, .b = rows, .c = db, .transpose_a = true});
    return {da, db};
  }
};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) { return apply<MatMul>(a, b); }

}  // namespace genesis::autograd
