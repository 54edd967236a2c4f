#include "parallel/ops/row_linear.h"

#include "autograd/op.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/weight_target.h"
#include "kernels/linear.h"
#include "parallel/ops/row_exchange.h"

namespace genesis::parallel {
namespace {

using autograd::WeightTarget;

struct RowLinear {
  static constexpr const char* kName = "row_linear";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::lower;

  static Array forward(autograd::Context& ctx, const Array& x, const Array& weight, const Array& bias,
                       const TensorParallel& tp) {
    const Array y = Array::empty({x.dim(0), weight.dim(0)}, x.dtype(), x.device());
    // The sum over the ranks must hold the bias once.
    kernels::run(
        kernels::LinearForward{.x = x, .weight = weight, .bias = tp.rank() == 0 ? bias : Array(), .y = y});
    ctx.save(ctx.needs(1) ? x : Array(), weight);
    ctx.keep(tp);
    return sum_rows(y, tp);
  }

  static autograd::Grads backward(const autograd::Saved& saved, const Array& dy) {
    auto [x, weight] = saved.get<2>();
    const Array all = gather_rows(dy, saved.attributes<TensorParallel>());
    const Array dx =
        saved.needs(0) ? Array::empty({all.dim(0), weight.dim(1)}, dy.dtype(), dy.device()) : Array();
    const WeightTarget dw(saved, 1, weight.shape(), dy), db(saved, 2, {weight.dim(0)}, dy);
    kernels::run(kernels::LinearBackward{.dy = all,
                                         .x = x,
                                         .weight = weight,
                                         .dx = dx,
                                         .dweight = dw.grad,
                                         .dbias = db.grad,
                                         .accumulate_dweight = dw.accumulate,
                                         .accumulate_dbias = db.accumulate});
    return {dx, dw.returned(), db.returned()};
  }
};

}  // namespace

Tensor row_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const TensorParallel& tp) {
  if (!tp.is_split()) return autograd::linear(x, weight, bias);
  GENESIS_CHECK(x.ndim() == 2, "row_linear: x has shape ", to_string(x.shape()), ", expected [rows, in]");
  return autograd::apply<RowLinear>(x, weight, bias, tp);
}

}  // namespace genesis::parallel
