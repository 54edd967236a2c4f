#include "parallel/ops/vocabulary_cross_entropy.h"

#include "autograd/engine.h"
#include "autograd/grad_mode.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/linear_cross_entropy.h"
#include "autograd/ops/weight_target.h"
#include "kernels/accumulate.h"
#include "kernels/affine.h"
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
  struct Attributes {
    Settings settings;
    std::vector<double> weights;  // [parts]
  };

  static Array forward(autograd::Context& ctx, const Array& x, const Array& weight,
                       const std::vector<WeightedTargets>& parts, const Settings& settings) {
    const Array all = gather_rows(x, settings.tp);
    Attributes attributes{settings, {}};
    ctx.save(x, weight);
    Array sum;
    for (const WeightedTargets& part : parts) {
      const auto loss = loss_of(all, weight, part.targets, settings, false, ctx.recording());
      ctx.save(part.targets, loss.kept, loss.lse);
      attributes.weights.push_back(part.weight);
      if (part.weight != 1)
        kernels::run(kernels::Affine{.x = loss.loss_sum, .factor = part.weight, .y = loss.loss_sum});
      add_to(sum, loss.loss_sum);
    }
    ctx.keep(attributes);
    return sum;
  }

  static autograd::Grads backward(const autograd::Saved& saved, const Array& dloss) {
    const Array x = saved.at(0), weight = saved.at(1);
    const auto& [s, weights] = saved.attributes<Attributes>();
    const double seed = autograd::seed_value(dloss);
    const Array all = gather_rows(x, s.tp);
    const WeightTarget dw(saved, 1, weight.shape(), x);
    Array dx;
    for (size_t i = 0; i < weights.size(); ++i) {
      const Array own = saved.needs(0) ? Array::empty(all.shape(), x.dtype(), x.device()) : Array();
      kernels::run(kernels::VocabularyLossBackward{.x = all,
                                                   .weight = weight,
                                                   .targets = saved.at(2 + 3 * i),
                                                   .first = s.first(),
                                                   .total = s.vocabulary,
                                                   .lse = saved.at(4 + 3 * i),
                                                   .kept = saved.at(3 + 3 * i),
                                                   .scale = seed * weights[i],
                                                   .dx = own,
                                                   .dweight = dw.grad,
                                                   .accumulate_dweight = dw.accumulate || i > 0});
      add_to(dx, own);
    }
    return {dx.defined() ? sum_rows(dx, s.tp) : Array(), dw.returned()};
  }

 private:
  /// sum += part; a sum that is undefined becomes the part itself.
  static void add_to(Array& sum, const Array& part) {
    if (sum.defined())
      kernels::run(kernels::Accumulate{.src = part, .dst = sum});
    else
      sum = part;
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

Tensor vocabulary_cross_entropy(const Tensor& x, const Tensor& weight,
                                const std::vector<WeightedTargets>& parts, int64_t vocabulary,
                                const TensorParallel& tp) {
  GENESIS_CHECK(!parts.empty(), "a loss needs targets");
  if (tp.is_split())
    return autograd::apply<VocabularyCrossEntropy>(x, weight, parts, Settings{vocabulary, tp});
  Tensor sum;
  for (const WeightedTargets& part : parts) {
    Tensor loss = autograd::linear_cross_entropy(x, weight, part.targets);
    if (part.weight != 1) loss = loss * part.weight;
    sum = sum.defined() ? sum + loss : loss;
  }
  return sum;
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
