#include "kernels/vocabulary_loss.h"

#include "kernels/contract.h"
#include "kernels/linear_cross_entropy.h"

namespace genesis::kernels {
namespace {

void expect_part(const char* op, int64_t first, int64_t rows, int64_t total) {
  GENESIS_CHECK(first >= 0 && rows >= 0 && first + rows <= total, op, ": rows [", first, ", ", first + rows,
                ") of a vocabulary of ", total);
}

void expect_targets(const char* op, const Array& targets) {
  expect_dtype(op, "targets", targets, DType::i32);
  expect_contiguous(op, "targets", targets);
}

}  // namespace

void VocabularyLossForward::check() const {
  expect_computed(kName, "x", x);
  expect_dtype(kName, "weight", weight, x.dtype());
  GENESIS_CHECK(x.ndim() == 2 && weight.ndim() == 2 && x.dim(1) == weight.dim(1) && weight.dim(0) > 0, kName,
                ": x has shape ", to_string(x.shape()), ", weight ", to_string(weight.shape()));
  expect_rows(kName, "x", x, 2);
  expect_contiguous(kName, "weight", weight);
  expect_targets(kName, targets);
  expect_shape(kName, "targets", targets, {x.dim(0)});
  expect_part(kName, first, weight.dim(0), total);
  expect_dtype(kName, "stats", stats, accumulate_dtype(x.dtype()));
  expect_contiguous(kName, "stats", stats);
  GENESIS_CHECK(stats.ndim() == 2 && stats.dim(1) == 3, kName, ": stats has shape ",
                to_string(stats.shape()));
  if (kept.defined()) {
    expect_shape(kName, "kept", kept, {stats.dim(0), weight.dim(0)});
    expect_dtype(kName, "kept", kept, x.dtype());
    expect_contiguous(kName, "kept", kept);
  }
}

void VocabularyLossFinish::check() const {
  expect_dtype_in(kName, "stats", stats, {DType::f64, DType::f32});
  expect_contiguous(kName, "stats", stats);
  expect_targets(kName, targets);
  GENESIS_CHECK(stats.ndim() == 3 && stats.dim(2) == 3 && part >= 0 && part < stats.dim(0), kName,
                ": stats has shape ", to_string(stats.shape()), ", this is part ", part);
  GENESIS_CHECK(loss_sum.defined() && loss_sum.numel() == 1, kName, ": loss_sum must hold one element");
  for (const Array* a : {&loss_sum, &token_loss, &lse})
    if (a->defined()) expect_dtype(kName, "an output", *a, stats.dtype());
  for (const Array* a : {&token_loss, &lse})
    if (a->defined()) expect_shape(kName, "an output", *a, targets.shape());
  if (kept.defined()) {
    GENESIS_CHECK(kept.ndim() == 2 && kept.dim(0) == stats.dim(1), kName, ": kept has shape ",
                  to_string(kept.shape()), ", ", stats.dim(1), " tokens are supervised");
    expect_contiguous(kName, "kept", kept);
    expect_part(kName, first, kept.dim(1), total);
  }
}

void VocabularyLossBackward::check() const {
  LinearCrossEntropyBackward{.x = x,
                             .weight = weight,
                             .targets = targets,
                             .lse = lse,
                             .kept = kept,
                             .scale = scale,
                             .dx = dx,
                             .dweight = dweight,
                             .accumulate_dweight = accumulate_dweight}
      .check();
  expect_part(kName, first, weight.dim(0), total);
}

VocabularyLossBackward as_one_part(const LinearCrossEntropyBackward& op) {
  return {.x = op.x,
          .weight = op.weight,
          .targets = op.targets,
          .first = 0,
          .total = op.weight.dim(0),
          .lse = op.lse,
          .kept = op.kept,
          .scale = op.scale,
          .dx = op.dx,
          .dweight = op.dweight,
          .accumulate_dweight = op.accumulate_dweight};
}

}  // namespace genesis::kernels
