#include "autograd/ops/reduce.h"

#include <numeric>

#include "autograd/op.h"
#include "kernels/affine.h"
#include "kernels/argmax.h"
#include "kernels/contract.h"
#include "kernels/copy.h"
#include "kernels/reduce.h"

namespace genesis {
namespace autograd {
namespace {

using kernels::ReduceKind;

struct Reduce {
  static constexpr const char* kName = "reduce";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Kept {
    Shape from, kept;  // x's shape, and that with the reduced extents as 1
    DType dtype;       // of x
    double factor;     // what one term counts
  };

  static Array forward(Context& ctx, const Array& x, ReduceKind kind, Shape dims, bool keep_dims) {
    if (dims.empty()) {
      dims.resize(x.shape().size());
      std::iota(dims.begin(), dims.end(), 0);
    }
    const Shape kept = kernels::reduced_shape(x.shape(), dims, true);
    Array y = Array::empty(keep_dims ? kept : kernels::reduced_shape(x.shape(), dims, false),
                           kernels::accumulate_dtype(x.dtype()), x.device());
    kernels::run(kernels::Reduce{.kind = kind, .x = x, .dims = dims, .y = y});
    const double terms = double(numel_of(x.shape())) / double(std::max<int64_t>(1, numel_of(kept)));
    ctx.keep(Kept{x.shape(), kept, x.dtype(), kind == ReduceKind::mean ? 1 / terms : 1.0});
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const auto& [from, kept, dtype, factor] = saved.attributes<Kept>();
    Array term = dy;
    if (factor != 1) {
      term = Array::empty(dy.shape(), dy.dtype(), dy.device());
      kernels::run(kernels::Affine{.x = dy, .factor = factor, .y = term});
    }
    return {kernels::converted_copy(term.view(kept).expand(from), dtype)};
  }
};

}  // namespace
}  // namespace autograd

using kernels::ReduceKind;

Tensor sum(const Tensor& x, Shape dims, bool keep_dims) {
  return autograd::apply<autograd::Reduce>(x, ReduceKind::sum, dims, keep_dims);
}
Tensor mean(const Tensor& x, Shape dims, bool keep_dims) {
  return autograd::apply<autograd::Reduce>(x, ReduceKind::mean, dims, keep_dims);
}
Tensor Tensor::sum() const { return genesis::sum(*this, {}); }
Tensor Tensor::mean() const { return genesis::mean(*this, {}); }

Tensor Tensor::argmax() const {
  const Array x = kernels::contiguous(value());
  Array y = Array::empty(kernels::leading_shape(x.shape()), DType::i64, x.device());
  kernels::run(kernels::Argmax{.x = x, .y = y});
  return Tensor(y);
}

}  // namespace genesis
