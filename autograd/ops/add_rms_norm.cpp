#include "autograd/ops/add_rms_norm.h"

#include "autograd/ops/norm_again.h"
#include "kernels/add_rms_norm.h"

namespace genesis::autograd {
namespace {

struct AddRmsNorm {
  static constexpr const char* kName = "add_rms_norm";
  static constexpr Autocast kAutocast = Autocast::keep;

  static std::array<Array, 2> forward(Context& ctx, const Array& x, const Array& delta, const Array& weight,
                                      double eps) {
    Array residual = Array::empty(x.shape(), x.dtype(), x.device());
    Array y = Array::empty(x.shape(), x.dtype(), x.device());
    Array rstd = Array::empty(rows_shape(x), statistics_dtype(x), x.device());
    kernels::run(kernels::AddRmsNormForward{
        .x = x, .delta = delta, .weight = weight, .eps = eps, .residual = residual, .y = y, .rstd = rstd});
    ctx.save(residual, weight, rstd);
    ctx.keep(eps);
    ctx.can_remake(&norm_again, 1);
    return {residual, y};
  }

  static Grads backward(const Saved& saved, std::span<const Array> dys) {
    const Array &dresidual = dys[0], &dy = dys[1];
    if (!dy.defined()) return {dresidual, dresidual, Array()};
    auto [residual, weight, rstd] = saved.get<3>();
    const Array dx = Array::empty(residual.shape(), residual.dtype(), residual.device());
    const NormWeightTarget dweight(saved, 2, weight);
    kernels::run(kernels::RmsNormBackward{.dy = dy,
                                          .x = residual,
                                          .weight = weight,
                                          .rstd = rstd,
                                          .dresidual = dresidual,
                                          .dx = dx,
                                          .dweight = dweight.grad,
                                          .accumulate_dweight = dweight.accumulate});
    return {dx, dx, dweight.returned()};
  }
};

}  // namespace

std::array<Tensor, 2> add_rms_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, double eps) {
  return apply<AddRmsNorm>(x, delta, weight, eps);
}

}  // namespace genesis::autograd
