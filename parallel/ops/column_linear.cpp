#include "parallel/ops/column_linear.h"

#include "autograd/op.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/weight_target.h"
#include "kernels/accumulate.h"
#include "kernels/linear.h"
#include "parallel/ops/row_exchange.h"

namespace genesis::parallel {
namespace {

using autograd::Saved;
using autograd::WeightTarget;
using kernels::LinearBackward;

struct ColumnLinear {
  static constexpr const char* kName = "column_linear";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::lower;
  struct Settings {
    TensorParallel tp;
    ReplicatedRows replicated;
  };

  static Array forward(autograd::Context& ctx, const Array& x, const Array& weight, const Array& bias,
                       const Settings& settings) {
    const Array y = Array::empty({rows_of_all(x, settings.tp), weight.dim(0)}, x.dtype(), x.device());
    gather_rows(x, settings.tp, [&](const Range& r, const Array& part) {
      kernels::run(
          kernels::LinearForward{.x = part, .weight = weight, .bias = bias, .y = y.slice(0, r.begin, r.end)});
    });
    ctx.save(ctx.needs(1) ? x : Array(), weight, bias);
    ctx.keep(settings);
    if (ctx.needs(1) && !settings.tp.splits_rows()) ctx.can_remake(&remake);
    return y;
  }

  /// Of rows that this rank holds itself; those of other ranks would have to be gathered again.
  static Array remake(const Saved& saved) {
    auto [x, weight, bias] = saved.get<3>();
    const Array y = Array::empty({x.dim(0), weight.dim(0)}, x.dtype(), x.device());
    kernels::run(kernels::LinearForward{.x = x, .weight = weight, .bias = bias, .y = y});
    return y;
  }

  static autograd::Grads backward(const Saved& saved, const Array& dy) {
    auto [x, weight, bias] = saved.get<3>();
    const auto& [tp, replicated] = saved.attributes<Settings>();
    Arriving all;  // x is gathered while its gradient is computed
    if (x.defined()) all = start_gathering_rows(x, tp);
    Arriving dx;
    if (saved.needs(0)) {
      const Array partial = Array::empty({dy.dim(0), weight.dim(1)}, dy.dtype(), dy.device());
      dx = start_summing_rows(partial, tp, [&](const Range& r) {
        kernels::run(LinearBackward{.dy = dy.slice(0, r.begin, r.end),
                                    .x = {},
                                    .weight = weight,
                                    .dx = partial.slice(0, r.begin, r.end),
                                    .dweight = {},
                                    .dbias = {}});
      });
    }
    const WeightTarget dw(saved, 1, weight.shape(), dy), db(saved, 2, {weight.dim(0)}, dy);
    if (dw.grad.defined() || db.grad.defined()) {
      if (x.defined()) all.wait();
      own_rows(dy, all.array, replicated.group ? replicated.begin : weight.dim(0), dw, db);
      if (replicated.group) replicated_rows(dy, all.array, replicated, dw, db);
    }
    return {saved.needs(0) ? dx.wait() : Array(), dw.returned(), db.returned()};
  }

 private:
  /// Gradients of rows [0, end), straight into their place.
  static void own_rows(const Array& dy, const Array& x, int64_t end, const WeightTarget& dw,
                       const WeightTarget& db) {
    kernels::run(LinearBackward{.dy = dy.slice(1, 0, end),
                                .x = x,
                                .weight = {},
                                .dx = {},
                                .dweight = dw.rows(0, end),
                                .dbias = db.rows(0, end),
                                .accumulate_dweight = dw.accumulate,
                                .accumulate_dbias = db.accumulate});
  }

  /// Those of the rows that several ranks hold: summed over them before they are added.
  static void replicated_rows(const Array& dy, const Array& x, const ReplicatedRows& replicated,
                              const WeightTarget& dw, const WeightTarget& db) {
    const int64_t begin = replicated.begin, end = dy.dim(1);
    auto fresh = [](const Array& place) {
      return place.defined() ? Array::empty(place.shape(), place.dtype(), place.device()) : Array();
    };
    const Array weight_place = dw.rows(begin, end), bias_place = db.rows(begin, end);
    const Array weight_part = fresh(weight_place), bias_part = fresh(bias_place);
    kernels::run(LinearBackward{.dy = dy.slice(1, begin, end),
                                .x = x,
                                .weight = {},
                                .dx = {},
                                .dweight = weight_part,
                                .dbias = bias_part});
    for (const auto& [part, place, accumulate] :
         {std::tuple(weight_part, weight_place, dw.accumulate), {bias_part, bias_place, db.accumulate}}) {
      if (!part.defined()) continue;
      replicated.group->all_reduce(part);
      kernels::run(kernels::Accumulate{.src = part, .dst = place, .overwrite = !accumulate});
    }
  }
};

}  // namespace

Tensor column_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const TensorParallel& tp,
                     const ReplicatedRows& replicated) {
  if (!tp.is_split()) return autograd::linear(x, weight, bias);
  GENESIS_CHECK(x.ndim() == 2, "column_linear: x has shape ", to_string(x.shape()), ", expected [rows, in]");
  return autograd::apply<ColumnLinear>(x, weight, bias, ColumnLinear::Settings{tp, replicated});
}

}  // namespace genesis::parallel
