#include "parallel/ops/vocabulary_cross_entropy.h"

#include "autograd/engine.h"
#include "autograd/grad_mode.h"
#include "autograd/op.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/linear_cross_entropy.h"
#include "autograd/ops/weight_target.h"
#include "kernels/contract.h"
#include "kernels/copy.h"
#include "kernels/linear_cross_entropy.h"
#include "kernels/vocabulary_loss.h"
#include "parallel/ops/row_exchange.h"
#include "parallel/shard.h"

namespace genesis::parallel {
namespace {

using autograd::WeightTarget;

struct Settings {
  int64_t vocabulary;
  TensorParallel tp;
  int64_t first() const { return share_of(vocabulary, tp.rank(), tp.size()).begin; }
};

/// The loss and what goes with it, in VocabularyLossFinish's fields.
kernels::VocabularyLossFinish loss_of(const Array& x, const Array& weight, const Array& targets,
                                      const Settings& s, bool wants_tokens, bool wants_gradient) {
  const DType wide = kernels::accumulate_dtype(x.dtype());
  const int64_t supervised = kernels::count_supervised(targets, s.vocabulary), size = s.tp.size();
  auto array = [&](bool wanted, Shape shape, DType dtype) {
    return wanted ? Array::empty(std::move(shape), dtype, x.device()) : Array();
  };
  // Alike on every rank, though their parts differ by a row: the largest part decides.
  const bool keeps =
      wants_gradient &&
      kernels::keeps_logit_gradient(supervised, (s.vocabulary + size - 1) / size, x.dtype(), x.device());
  const Array kept = array(keeps, {supervised, weight.dim(0)}, x.dtype());
  const Array own = array(true, {supervised, 3}, wide), stats = array(true, {size, supervised, 3}, wide);
  kernels::run(kernels::VocabularyLossForward{.x = x,
                                              .weight = weight,
                                              .targets = targets,
                                              .first = s.first(),
                                              .total = s.vocabulary,
                                              .stats = own,
                                              .kept = kept});
  s.tp.group->all_gather(own, stats);
  kernels::VocabularyLossFinish finish{.stats = stats,
                                       .targets = targets,
                                       .part = s.tp.rank(),
                                       .first = s.first(),
                                       .total = s.vocabulary,
                                       .loss_sum = array(true, {}, wide),
                                       .token_loss = array(wants_tokens, {x.dim(0)}, wide),
                                       .lse = array(wants_gradient && !keeps, {x.dim(0)}, wide),
                                       .kept = kept};
  kernels::run(finish);
  return finish;
}

struct VocabularyCrossEntropy {
  static constexpr const char* kName = "vocabulary_cross_entropy";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::lower;

  static Array forward(autograd::Context& ctx, const Array& x, const Array& weight, const Array& targets,
                       const Settings& settings) {
    const auto loss = loss_of(gather_rows(x, settings.tp), weight, targets, settings, false, ctx.recording());
    ctx.save(x, weight, targets, loss.kept, loss.lse);
    ctx.keep(settings);
    return loss.loss_sum;
  }

  static autograd::Grads backward(const autograd::Saved& saved, const Array& dloss) {
    auto [x, weight, targets, kept, lse] = saved.get<5>();
    const Settings& s = saved.attributes<Settings>();
    const Array all = gather_rows(x, s.tp);
    kernels::VocabularyLossBackward op{.x = all,
                                       .weight = weight,
                                       .targets = targets,
                                       .first = s.first(),
                                       .total = s.vocabulary,
                                       .lse = lse,
                                       .kept = kept,
                                       .scale = autograd::seed_value(dloss),
                                       .dx = {},
                                       .dweight = {}};
    if (saved.needs(0)) op.dx = Array::empty(all.shape(), x.dtype(), x.device());
    const WeightTarget dw(saved, 1, weight.shape(), x);
    op.dweight = dw.grad;
    op.accumulate_dweight = dw.accumulate;
    kernels::run(op);
    return {saved.needs(0) ? sum_rows(op.dx, s.tp) : Array(), dw.returned()};
  }
};

struct VocabularyTokenLosses {
  static constexpr const char* kName = "vocabulary_token_losses";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::lower;

  static Array forward(autograd::Context&, const Array& x, const Array& weight, const Array& targets,
                       const Settings& settings) {
    return loss_of(gather_rows(x, settings.tp), weight, targets, settings, true, false).token_loss;
  }
  static autograd::Grads backward(const autograd::Saved&, const Array&) { return {Array(), Array()}; }
};

}  // namespace

Tensor vocabulary_cross_entropy(const Tensor& x, const Tensor& weight, const Array& targets,
                                int64_t vocabulary, const TensorParallel& tp) {
  if (!tp.is_split()) return autograd::linear_cross_entropy(x, weight, targets);
  return autograd::apply<VocabularyCrossEntropy>(x, weight, targets, Settings{vocabulary, tp});
}

Array vocabulary_token_losses(const Tensor& x, const Tensor& weight, const Array& targets, int64_t vocabulary,
                              const TensorParallel& tp) {
  if (!tp.is_split()) return autograd::token_losses(x, weight, targets);
  no_grad quiet;
  return autograd::apply<VocabularyTokenLosses>(x, weight, targets, Settings{vocabulary, tp}).value();
}

Array gathered_logits(const Tensor& x, const Tensor& weight, int64_t vocabulary, const TensorParallel& tp) {
  no_grad quiet;
  const Array own = autograd::linear(Tensor(gather_rows(x.value(), tp)), weight, {}).value();
  if (!tp.is_split()) return own;
  // Parts differ by a column at most: they travel in rows of the widest.
  const int64_t n = own.dim(0), size = tp.size(), widest = (vocabulary + size - 1) / size;
  const Array sent = Array::zeros({n, widest}, own.dtype(), own.device()),
              all = Array::empty({size, n, widest}, own.dtype(), own.device()),
              logits = Array::empty({n, vocabulary}, own.dtype(), own.device());
  kernels::run(kernels::Copy{.src = own, .dst = sent.slice(1, 0, own.dim(1))});
  tp.group->all_gather(sent, all);
  for (int r = 0; r < tp.size(); ++r) {
    const Range range = share_of(vocabulary, r, tp.size());
    kernels::run(kernels::Copy{.src = all.select(0, r).slice(1, 0, range.size()),
                               .dst = logits.slice(1, range.begin, range.end)});
  }
  return logits;
}

}  // namespace genesis::parallel
