#include "autograd/ops/rms_norm.h"

#include "autograd/ops/norm_again.h"

namespace genesis::autograd {
namespace {

struct RmsNorm {
  static constexpr const char* kName = "rms_norm";
  static constexpr Autocast kAutocast = Autocast::keep;

  static Array forward(Context& ctx, const Array& x, const Array& weight, double eps) {
    Array y = Array::empty(x.shape(), x.dtype(), x.device());
    Array rstd = Array::empty(rows_shape(x), statistics_dtype(x), x.device());
    kernels::run(kernels::RmsNormForward{.x = x, .weight = weight, .eps = eps, .y = y, .rstd = rstd});
    ctx.save(x, weight, rstd);
    ctx.keep(eps);
    ctx.can_remake(&norm_again);
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [x, weight, rstd] = saved.get<3>();
    const Array dx = saved.needs(0) ? Array::empty(x.shape(), x.dtype(), x.device()) : Array();
    const NormWeightTarget dweight(saved, 1, weight);
    kernels::run(kernels::RmsNormBackward{.dy = dy,
                                          .x = x,
                                          .weight = weight,
                                          .rstd = rstd,
                                          .dx = dx,
                                          .dweight = dweight.grad,
                                          .accumulate_dweight = dweight.accumulate});
    return {dx, dweight.returned()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) { return apply<RmsNorm>(x, weight, eps); }

}  // namespace genesis::autograd
