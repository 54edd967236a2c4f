#include "parallel/ops/sum_gradient.h"

#include "autograd/op.h"
#include "kernels/accumulate.h"

namespace genesis::parallel {
namespace {

struct SumGradient {
  static constexpr const char* kName = "sum_gradient";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::keep;

  static Array forward(autograd::Context& ctx, const Array& x, Communicator* group) {
    ctx.keep(group);
    return x;
  }
  static autograd::Grads backward(const autograd::Saved& saved, const Array& dy) {
    Array dx = dy;
    if (!dy.is_only_view() || !dy.is_contiguous()) {
      dx = Array::empty(dy.shape(), dy.dtype(), dy.device());
      kernels::run(kernels::Accumulate{.src = dy, .dst = dx, .overwrite = true});
    }
    saved.attributes<Communicator*>()->all_reduce(dx);
    return {dx};
  }
};

}  // namespace

Tensor sum_gradient(const Tensor& x, Communicator* group) {
  if (!group || group->size() == 1) return x;
  return autograd::apply<SumGradient>(x, group);
}

}  // namespace genesis::parallel
