#include "autograd/ops/index_select.h"

#include "autograd/op.h"
#include "kernels/copy.h"
#include "kernels/fill.h"
#include "kernels/index_select.h"

namespace genesis::autograd {
namespace {

struct IndexSelect {
  static constexpr const char* kName = "index_select";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct From {
    Shape shape;
    int64_t dim;
  };
  static Array forward(Context& ctx, const Array& x, const Array& index, int64_t dim) {
    const int64_t at = dim < 0 ? dim + x.ndim() : dim;
    GENESIS_CHECK(at >= 0 && at < x.ndim(), "index_select: dimension ", dim, " of shape ",
                  to_string(x.shape()));
    Shape shape = x.shape();
    shape[size_t(at)] = index.numel();
    Array y = Array::empty(shape, x.dtype(), x.device());
    kernels::run(kernels::IndexSelect{.x = kernels::contiguous(x), .index = index, .dim = at, .y = y});
    ctx.save(index);
    ctx.keep(From{x.shape(), at});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    auto [index] = saved.get<1>();
    const auto& [shape, dim] = saved.attributes<From>();
    Array dx = Array::empty(shape, dy.dtype(), dy.device());
    kernels::run(kernels::Fill{.dst = dx, .value = 0});
    Shape picked = shape;
    picked[size_t(dim)] = index.numel();
    kernels::run(kernels::IndexAdd{.dy = dy.view(picked), .index = index, .dim = dim, .dx = dx});
    return {dx};
  }
};

}  // namespace

Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  return apply<IndexSelect>(x, index, dim);
}

}  // namespace genesis::autograd
