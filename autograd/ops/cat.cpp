#include "autograd/ops/cat.h"

#include "autograd/op.h"
#include "kernels/cat.h"
#include "kernels/copy.h"

namespace genesis {
namespace autograd {
namespace {

struct Cat {
  static constexpr const char* kName = "cat";
  static constexpr Autocast kAutocast = Autocast::widest;
  struct Parts {
    Shape shape;  // of the output
    int64_t dim;
    std::vector<int64_t> extents;
  };
  static Array forward(Context& ctx, const std::vector<Array>& inputs, int64_t dim) {
    GENESIS_CHECK(!inputs.empty(), "cat: no tensors");
    const int64_t ndim = inputs[0].ndim(), at = dim < 0 ? dim + ndim : dim;
    GENESIS_CHECK(at >= 0 && at < ndim, "cat: dimension ", dim, " of tensors with ", ndim, " dimensions");
    Parts parts{inputs[0].shape(), at, {}};
    int64_t total = 0;
    for (const Array& a : inputs) {
      GENESIS_CHECK(a.ndim() == ndim, "cat: tensors of ", ndim, " and of ", a.ndim(), " dimensions");
      parts.extents.push_back(a.dim(at));
      total += a.dim(at);
    }
    parts.shape[size_t(at)] = total;
    Array y = Array::empty(parts.shape, inputs[0].dtype(), inputs[0].device());
    kernels::run(kernels::Cat{.inputs = inputs, .dim = at, .y = y});
    ctx.keep(std::move(parts));
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    const auto& [shape, dim, extents] = saved.attributes<Parts>();
    const Array whole = dy.view(shape);
    Grads grads;
    int64_t begin = 0;
    for (size_t i = 0; i < extents.size(); ++i) {
      const int64_t end = begin + extents[i];
      // A copy even where the part is contiguous: dy as a whole may go once its parts are out.
      grads.push_back(saved.needs(i) ? kernels::converted_copy(whole.slice(dim, begin, end), dy.dtype())
                                     : Array());
      begin = end;
    }
    return grads;
  }
};

}  // namespace
}  // namespace autograd

Tensor cat(const std::vector<Tensor>& tensors, int64_t dim) {
  return autograd::apply<autograd::Cat>(tensors, dim);
}

}  // namespace genesis
