#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "data/packing/sample_rows.h"
#include "data/sampler/length_groups.h"
#include "data/sampler/sample_order.h"

namespace genesis::data {

/// How the rows of one optimizer step are split.
struct BatchShape {
  int64_t micro_batch_size = 1;  ///< rows of one forward pass of one rank
  int64_t accumulation = 1;      ///< micro-steps of an optimizer step
  int64_t ranks = 1;             ///< data parallel ranks

  int64_t global_batch_size() const { return micro_batch_size * accumulation * ranks; }
  /// Errors: genesis::Error when a field is below 1.
  void check() const;
};

/// What a step works on in all, over all ranks and micro-steps.
struct StepTotals {
  int64_t rows = 0;
  int64_t tokens = 0;
  int64_t supervised = 0;  ///< tokens with loss
  double weight = 0;       ///< what they weigh: the number the step's loss is divided by
};

/// Which samples every (step, micro-step, rank) works on.
///   The step that begins after `consumed` rows covers the global row indices [consumed, consumed + G), G the
///   global batch size, cut off at `end`. Row index consumed + (micro * ranks + rank) * B + i is row i of
///   that micro-batch (B the micro-batch size). So any split of G into ranks and accumulation covers the same
///   rows in the same global order, and every rank knows every total without a message. At the end the last
///   step may be smaller, some of its micro-batches empty.
/// Steps run on across the ends of epochs; `end` = rows x epochs ends a run after whole epochs.
class StepPlan {
 public:
  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

  /// rows and order must live as long as the plan. Errors: genesis::Error when their sizes differ.
  StepPlan(const SampleRows& rows, const SampleOrder& order, const BatchShape& shape, int64_t end = kEndless);

  /// From now on rows come in the order of `groups`, which must live as long as the plan.
  void group(const LengthGroups& groups) { groups_ = &groups; }

  /// Samples (documents) of one micro-batch in order; empty where the data has ended.
  std::vector<int64_t> samples(int64_t consumed, int64_t micro_step, int64_t rank) const;

  /// Samples of row `index` of the step that begins after `consumed` rows; empty where the data has ended.
  std::vector<int64_t> row(int64_t consumed, int64_t index) const;

  /// Totals of the step that begins after `consumed` rows; supervised > 0 while rows > 0.
  StepTotals totals(int64_t consumed) const;

  /// Rows consumed once that step is done: the loader's whole state.
  int64_t next(int64_t consumed) const { return consumed + rows_of_step(consumed); }

  /// Steps left after `consumed` rows; needs an end.
  int64_t steps_left(int64_t consumed) const;

  const BatchShape& shape() const { return shape_; }
  int64_t end() const { return end_; }

 private:
  int64_t rows_of_step(int64_t consumed) const;
  int64_t row_at(int64_t g) const { return groups_ ? groups_->at(g) : order_.at(g); }

  const SampleRows& rows_;
  const SampleOrder& order_;
  BatchShape shape_;
  int64_t end_;
  const LengthGroups* groups_ = nullptr;
};

}  // namespace genesis::data
