#include "parallel/ops/row_linear.h"

#include "autograd/op.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/weight_target.h"
#include "kernels/linear.h"
#include "parallel/ops/row_exchange.h"

namespace genesis::parallel {
namespace {

using autograd::WeightTarget;
using kernels::LinearBackward;

struct RowLinear {
  static constexpr const char* kName = "row_linear";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::lower;

  static Array forward(autograd::Context& ctx, const Array& x, const Array& weight, const Array& bias,
                       const TensorParallel& tp) {
    const Array y = Array::empty({x.dim(0), weight.dim(0)}, x.dtype(), x.device());
    ctx.save(ctx.needs(1) ? x : Array(), weight);
    ctx.keep(tp);
    return sum_rows(y, tp, [&](const Range& r) {
      kernels::run(kernels::LinearForward{.x = x.slice(0, r.begin, r.end),
                                          .weight = weight,
                                          // The sum over the ranks must hold it once.
                                          .bias = tp.rank() == 0 ? bias : Array(),
                                          .y = y.slice(0, r.begin, r.end)});
    });
  }

  static autograd::Grads backward(const autograd::Saved& saved, const Array& dy) {
    auto [x, weight] = saved.get<2>();
    const auto& tp = saved.attributes<TensorParallel>();
    const Array dx = saved.needs(0)
                         ? Array::empty({rows_of_all(dy, tp), weight.dim(1)}, dy.dtype(), dy.device())
                         : Array();
    const Array all = gather_rows(dy, tp, [&](const Range& r, const Array& part) {
      if (!dx.defined()) return;
      kernels::run(LinearBackward{.dy = part,
                                  .x = {},
                                  .weight = weight,
                                  .dx = dx.slice(0, r.begin, r.end),
                                  .dweight = {},
                                  .dbias = {}});
    });
    const WeightTarget dw(saved, 1, weight.shape(), dy), db(saved, 2, {weight.dim(0)}, dy);
    kernels::run(LinearBackward{.dy = all,
                                .x = x,
                                .weight = {},
                                .dx = {},
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
