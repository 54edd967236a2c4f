#include "kernels/vocabulary_loss.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/linear_cross_entropy.h"
#include "tests/support/random_array.h"

namespace genesis::kernels {
namespace {

using testing::random_array;
using testing::values_of;
using testing::worst_error;

double tolerance(DType t) { return t == DType::f64 ? 1e-13 : t == DType::f32 ? 3e-6 : 1.5e-2; }
/// Of losses: sums of f32 logits, in another order.
double loss_tolerance(DType t) { return t == DType::f64 ? 1e-13 : 3e-6; }

struct Gradients {
  double loss = 0;
  std::vector<double> token_loss, lse, dx, dweight;
};

struct Problem {
  Array x, weight, targets;
  int64_t supervised;
};

Problem problem(int64_t rows, int64_t vocabulary, DType t) {
  std::vector<int32_t> labels;
  for (int64_t n = 0; n < rows; ++n)
    labels.push_back(n % 3 == 1 ? kIgnoredTarget : int32_t(n * 7919 % vocabulary));
  const Array targets = Array::from(labels, {rows});
  return {random_array({rows, 24}, t, 1), random_array({vocabulary, 24}, t, 2, 0.3), targets,
          count_supervised(targets, vocabulary)};
}

/// The loss and its gradients in `borders.size() - 1` parts, put together again.
Gradients in_parts(const Problem& p, const std::vector<int64_t>& borders, bool keep) {
  const DType t = p.x.dtype(), wide = t == DType::f64 ? t : DType::f32;
  const int64_t parts = int64_t(borders.size()) - 1, rows = p.x.dim(0), total = p.weight.dim(0);
  const Array stats = Array::empty({parts, p.supervised, 3}, wide);
  std::vector<Array> kept(static_cast<size_t>(parts));
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t first = borders[size_t(i)], end = borders[size_t(i) + 1];
    if (keep) kept[size_t(i)] = Array::empty({p.supervised, end - first}, t);
    run(VocabularyLossForward{.x = p.x,
                              .weight = p.weight.slice(0, first, end),
                              .targets = p.targets,
                              .first = first,
                              .total = total,
                              .stats = stats.select(0, i),
                              .kept = kept[size_t(i)]});
  }
  Gradients g;
  g.dx.assign(size_t(p.x.numel()), 0.0);
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t first = borders[size_t(i)], end = borders[size_t(i) + 1];
    const Array loss = Array::empty({}, wide), tokens = Array::empty({rows}, wide),
                lse = Array::empty({rows}, wide), dx = Array::empty(p.x.shape(), t),
                dweight = Array::empty({end - first, 24}, wide);
    run(VocabularyLossFinish{.stats = stats,
                             .targets = p.targets,
                             .part = i,
                             .first = first,
                             .total = total,
                             .loss_sum = loss,
                             .token_loss = tokens,
                             .lse = lse,
                             .kept = kept[size_t(i)]});
    run(VocabularyLossBackward{.x = p.x,
                               .weight = p.weight.slice(0, first, end),
                               .targets = p.targets,
                               .first = first,
                               .total = total,
                               .lse = keep ? Array() : lse,
                               .kept = kept[size_t(i)],
                               .scale = 0.37,
                               .dx = dx,
                               .dweight = dweight});
    if (i > 0) {
      EXPECT_EQ(values_of(loss)[0], g.loss) << "every part says the same loss";
    }
    g.loss = values_of(loss)[0];
    g.token_loss = values_of(tokens);
    g.lse = values_of(lse);
    const auto share = values_of(dx), rows_here = values_of(dweight);
    std::transform(share.begin(), share.end(), g.dx.begin(), g.dx.begin(), std::plus<>());
    g.dweight.insert(g.dweight.end(), rows_here.begin(), rows_here.end());
  }
  return g;
}

Gradients whole(const Problem& p) {
  const DType t = p.x.dtype(), wide = t == DType::f64 ? t : DType::f32;
  const int64_t rows = p.x.dim(0);
  const Array loss = Array::empty({}, wide), tokens = Array::empty({rows}, wide),
              lse = Array::empty({rows}, wide), dx = Array::empty(p.x.shape(), t),
              dweight = Array::empty(p.weight.shape(), wide);
  run(LinearCrossEntropyForward{.x = p.x,
                                .weight = p.weight,
                                .targets = p.targets,
                                .loss_sum = loss,
                                .token_loss = tokens,
                                .lse = lse});
  run(LinearCrossEntropyBackward{.x = p.x,
                                 .weight = p.weight,
                                 .targets = p.targets,
                                 .lse = lse,
                                 .scale = 0.37,
                                 .dx = dx,
                                 .dweight = dweight});
  return {values_of(loss)[0], values_of(tokens), values_of(lse), values_of(dx), values_of(dweight)};
}

TEST(VocabularyLoss, PartsGiveTheLossAndGradientsOfTheWhole) {
  for (const DType t : {DType::f64, DType::f32, DType::bf16})
    for (const int64_t rows : {0, 1, 40, 150})
      for (const bool keep : {false, true}) {
        const Problem p = problem(rows, 37, t);
        const Gradients wanted = whole(p);
        for (const auto& borders :
             std::vector<std::vector<int64_t>>{{0, 37}, {0, 18, 37}, {0, 1, 12, 24, 37}}) {
          SCOPED_TRACE(::testing::Message() << name_of(t) << " rows " << rows << " keep " << keep << " parts "
                                            << borders.size() - 1);
          const Gradients found = in_parts(p, borders, keep);
          EXPECT_NEAR(found.loss, wanted.loss, loss_tolerance(t) * (1 + std::abs(wanted.loss)));
          EXPECT_LE(worst_error(found.token_loss, wanted.token_loss, 1), loss_tolerance(t));
          EXPECT_LE(worst_error(found.lse, wanted.lse, 1), loss_tolerance(t));
          EXPECT_LE(worst_error(found.dx, wanted.dx, 0.3), tolerance(t));
          EXPECT_LE(worst_error(found.dweight, wanted.dweight, 0.3), tolerance(t));
        }
      }
}

TEST(VocabularyLoss, LargeLogitsDoNotOverflow) {
  Problem p = problem(12, 10, DType::f32);
  for (int64_t i = 0; i < p.x.numel(); ++i) p.x.data<float>()[i] *= 300;
  const Gradients wanted = whole(p), found = in_parts(p, {0, 4, 10}, true);
  EXPECT_TRUE(std::isfinite(found.loss));
  EXPECT_NEAR(found.loss, wanted.loss, 1e-5 * std::abs(wanted.loss));
  EXPECT_LE(worst_error(found.dweight, wanted.dweight, 10), 1e-4);
}

TEST(VocabularyLoss, ATargetOutsideTheVocabularyIsNamed) {
  Problem p = problem(4, 10, DType::f32);
  p.targets.data<int32_t>()[3] = 10;
  EXPECT_THROW(in_parts(p, {0, 4, 10}, false), Error);
}

}  // namespace
}  // namespace genesis::kernels
