#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "data/batch/batch_loader.h"
#include "data/sampler/step_plan.h"
#include "models/qwen/model.h"
#include "parallel/mesh.h"
#include "parallel/ordered/ordered_gradients.h"
#include "parallel/zero/sharded_optimizer.h"
#include "trainer/control/run_control.h"
#include "trainer/train/card_step_end.h"
#include "trainer/train/loss_scale.h"
#include "trainer/train/precision.h"

namespace genesis::trainer {

/// What one optimizer step did, the same numbers on every rank.
struct StepResult {
  double loss = 0;  ///< sum of token losses / their weight (supervised tokens where each weighs 1), over the
                    ///< whole step and all ranks
  double grad_norm = 0;          ///< 2-norm of all gradients before clipping
  double data_wait_seconds = 0;  ///< of this rank: how long it waited for its micro-batches
  data::StepTotals totals;
  bool updated = true;  ///< false: the update was left out (RunControl)
};

/// The work of one optimizer step: forward and backward of every micro-batch, the sum over ranks, clipping,
/// AdamW.
///   Ranks that share a model see the same samples; others their own part of the step.
///   The divisor of the loss is known before the first backward (data::StepTotals), so micro-batches and
///   ranks with few or no supervised tokens weigh what they should.
/// On a card a step may be given away whole, its update included, and its numbers be read while the next one
/// runs (reads_late); everywhere else they are there when start() returns.
class TrainStep {
 public:
  struct Options {
    PrecisionPlan precision;
    double max_grad_norm = 1.0;
    uint64_t seed = 0;
    bool anomaly = false;
    bool in_sample_order = false;   ///< deterministic: full; gradients must reduce with ReduceOp::tree_sum
    RunControl* control = nullptr;  ///< decides about updates; without one a NaN or Inf is an error
    /// A model on a card: numbers are read late. What else decides about updates then must not need the loss.
    bool read_late = false;
    bool stop_when_bad = true;  ///< after a NaN or Inf that is read late no update is made
  };
  TrainStep(models::QwenModel& model, parallel::ShardedOptimizer& optimizer,
            parallel::DataParallel& gradients, const parallel::Mesh& ranks, const Options& options);

  /// What is called once a step, when no more can be given away before the step before was finish()ed: its
  /// loss scale is needed, or all is given away.
  using Due = std::function<void()>;
  /// Gives away the step that begins after `consumed` rows, with learning rate `lr`; finish() tells what it
  /// did. Where numbers are read late, `due` (if there is a step before that was not finished) finishes it.
  void start(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed, double lr,
             const Due& due = {});
  /// The oldest step that was started and not finished.
  /// Errors (also of start): NumericsError naming step and the first bad parameter when the loss or a
  /// gradient
  ///   is not finite and the policy is to stop; neither that step nor a later one updated anything, on any
  ///   rank.
  StepResult finish();
  /// Both.
  StepResult run(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed, double lr);
  bool reads_late() const { return card_.has_value(); }

  /// The loss scale of fp16-mixed: part of where a run stands.
  LossScale& loss_scale() { return scale_; }

 private:
  /// What the step works on and what its losses are divided by.
  struct Work {
    const data::StepPlan& plan;
    data::BatchLoader& batches;
    int64_t consumed = 0;
    double weight = 0;
    std::function<void()> before_backward;
  };
  /// A step that was given away; its numbers are there unless they are read late.
  struct Started {
    StepResult result;
    int64_t step = 0;
  };
  /// The loss of each micro-batch with a supervised token, where the model is.
  std::vector<Tensor> run_micro_steps(const Work& work);
  double run_in_sample_order(const Work& work);
  double sum_over_ranks(const std::vector<Tensor>& losses) const;
  void end_on_host(StepResult& result, double loss_sum, double weight, double lr);
  /// The summed loss of a micro-batch where the model is; undefined when it has no supervised token.
  Tensor forward_and_backward(const Work& work, const data::Batch& batch);
  /// Names the first gradient that is not finite, by the squares of all.
  std::string first_bad(const std::vector<double>& squares) const;
  /// Whether step `step` updates the parameters. Collective.
  bool agree(const StepResult& result, int64_t step, const std::vector<double>& squares);
  bool allow_update(const StepResult& result, int64_t step, const std::vector<double>& squares) const;
  double loss_factor() const { return options_.control ? options_.control->loss_factor() : 1.0; }

  models::QwenModel& model_;
  parallel::ShardedOptimizer& optimizer_;
  parallel::DataParallel& gradients_;
  const parallel::Mesh& ranks_;
  Options options_;
  std::optional<parallel::OrderedGradients> ordered_;
  LossScale scale_;
  std::optional<CardStepEnd> card_;  // where numbers are read late
  std::deque<Started> started_;
};

}  // namespace genesis::trainer
