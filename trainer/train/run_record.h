#pragma once
#include "trainer/checkpoint/train_state.h"
#include "trainer/metrics/run_summary.h"
#include "trainer/metrics/step_metrics.h"
#include "trainer/train/run_parts.h"

namespace genesis::trainer {

/// What a run has to tell: of the steps since the last logged one, and of the whole.
class RunRecord {
 public:
  RunRecord(const RunParts& run, int64_t first_step);

  /// A step that has been done: `state` is the run's after it, `seconds` of the wall clock, `lr` its rate.
  void add(const TrainState& state, const StepResult& result, double seconds, double lr);
  void add_evaluation(double loss);
  bool evaluated() const { return since_.eval_loss.has_value(); }
  /// The steps since the last call, with the memory now; the next ones begin from zero.
  StepMetrics take_since();
  /// Of the whole, at the end.
  const RunSummary& finish(const TrainState& state);

  RunSummary summary;

 private:
  double epochs(const TrainState& state) const;

  const RunParts& run_;
  StepMetrics since_{};
};

}  // namespace genesis::trainer
