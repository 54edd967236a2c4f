#include "autograd/ops/linear_cross_entropy.h"

#include "autograd/engine.h"
#include "autograd/op.h"
#include "kernels/contract.h"
#include "kernels/linear_cross_entropy.h"

namespace genesis::autograd {
namespace {

Array rows_of(const Array& x) {
  GENESIS_CHECK(x.ndim() >= 1, "linear_cross_entropy: x is a scalar");
  return x.view({x.numel() / std::max<int64_t>(1, x.dim(-1)), x.dim(-1)});
}

struct LinearCrossEntropy {
  static constexpr const char* kName = "linear_cross_entropy";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context& ctx, const Array& x, const Array& weight, const Array& targets) {
    const Array rows = rows_of(x);
    const DType wide = kernels::accumulate_dtype(x.dtype());
    const Array loss = Array::empty({}, wide, x.device());
    Array kept, lse;
    if (ctx.recording()) {
      const int64_t supervised = kernels::count_supervised(targets, weight.dim(0));
      if (kernels::keeps_logit_gradient(supervised, weight.dim(0), x.dtype(), x.device())) {
        kept = Array::empty({supervised, weight.dim(0)}, x.dtype(), x.device());
      } else {
        lse = Array::empty({rows.dim(0)}, wide, x.device());
      }
    }
    kernels::run(kernels::LinearCrossEntropyForward{
        .x = rows, .weight = weight, .targets = targets, .loss_sum = loss, .lse = lse, .kept = kept});
    ctx.save(x, weight, targets, kept, lse);
    return loss;
  }

  static Grads backward(const Saved& saved, const Array& dloss) {
    auto [x, weight, targets, kept, lse] = saved.get<5>();
    const Array dx = saved.needs(0) ? Array::empty(x.shape(), x.dtype(), x.device()) : Array();
    Array dweight, returned;
    bool accumulate = false;
    if (saved.is_leaf(1)) {
      auto target = saved.gradient_target(1);
      dweight = target.grad, accumulate = target.accumulate;
    } else if (saved.needs(1)) {
      dweight = returned = Array::empty(weight.shape(), weight.dtype(), weight.device());
    }
    kernels::run(kernels::LinearCrossEntropyBackward{.x = rows_of(x),
                                                     .weight = weight,
                                                     .targets = targets,
                                                     .lse = lse,
                                                     .kept = kept,
                                                     .scale = seed_value(dloss),
                                                     .dx = dx.defined() ? rows_of(dx) : Array(),
                                                     .dweight = dweight,
                                                     .accumulate_dweight = accumulate});
    return {dx, returned};
  }
};

struct TokenLosses {
  static constexpr const char* kName = "token_losses";
  static constexpr Autocast kAutocast = Autocast::lower;

  static Array forward(Context&, const Array& x, const Array& weight, const Array& targets) {
    const Array rows = rows_of(x);
    const DType wide = kernels::accumulate_dtype(x.dtype());
    const Array losses = Array::empty({rows.dim(0)}, wide, x.device());
    kernels::run(kernels::LinearCrossEntropyForward{.x = rows,
                                                    .weight = weight,
                                                    .targets = targets,
                                                    .loss_sum = Array::empty({}, wide, x.device()),
                                                    .token_loss = losses});
    return losses;
  }
  static Grads backward(const Saved&, const Array&) { return {Array(), Array()}; }
};

}  // namespace

Tensor linear_cross_entropy(const Tensor& x, const Tensor& weight, const Array& targets) {
  return apply<LinearCrossEntropy>(x, weight, targets);
}

Array token_losses(const Tensor& x, const Tensor& weight, const Array& targets) {
  no_grad quiet;
  return apply<TokenLosses>(x, weight, targets).value();
}

}  // namespace genesis::autograd
