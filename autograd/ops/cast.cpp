#include "autograd/ops/cast.h"

#include "autograd/op.h"
#include "kernels/copy.h"

namespace genesis {
namespace autograd {
namespace {

struct Cast {
  static constexpr const char* kName = "cast";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context& ctx, const Array& x, DType dtype) {
    ctx.keep(x.dtype());
    return kernels::converted_copy(x, dtype);
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    return {kernels::converted_copy(dy, saved.attributes<DType>())};
  }
};

}  // namespace
}  // namespace autograd

Tensor Tensor::to(DType dtype) const {
  if (dtype == this->dtype()) return *this;
  if (!is_floating(dtype)) return Tensor(kernels::converted_copy(value(), dtype));
  return autograd::apply<autograd::Cast>(*this, dtype);
}

}  // namespace genesis
