#pragma once
#include <optional>
#include <vector>

#include "data/batch/batch_loader.h"
#include "data/sampler/step_plan.h"
#include "models/qwen/model.h"
#include "parallel/mesh.h"
#include "parallel/ordered/ordered_gradients.h"
#include "parallel/zero/sharded_optimizer.h"
#include "trainer/control/run_control.h"
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
class TrainStep {
 public:
  struct Options {
    PrecisionPlan precision;
    double max_grad_norm = 1.0;
    uint64_t seed = 0;
    bool anomaly = false;
    bool in_sample_order = false;   ///< deterministic: full; gradients must reduce with ReduceOp::tree_sum
    RunControl* control = nullptr;  ///< decides about updates; without one a NaN or Inf is an error
  };
  TrainStep(models::QwenModel& model, parallel::ShardedOptimizer& optimizer,
            parallel::DataParallel& gradients, const parallel::Mesh& ranks, const Options& options);

  /// The step that begins after `consumed` rows, with learning rate `lr`.
  /// Errors: NumericsError naming step and the first bad parameter when the loss or a gradient is not finite
  ///   and the policy is to stop; nothing was updated then, on any rank.
  StepResult run(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed, double lr);

  /// The loss scale of fp16-mixed: part of where a run stands.
  LossScale& loss_scale() { return scale_; }

 private:
  /// What the step works on and what its losses are divided by.
  struct Work {
    const data::StepPlan& plan;
    data::BatchLoader& batches;
    int64_t consumed = 0;
    double weight = 0;
  };
  double run_micro_steps(const Work& work);
  double run_in_sample_order(const Work& work);
  /// The summed loss of a micro-batch where the model is; undefined when it has no supervised token.
  Tensor forward_and_backward(const Work& work, const data::Batch& batch);
  /// Names the first gradient that is not finite, by the squares of all.
  std::string first_bad(const std::vector<double>& squares) const;
  bool allow_update(const StepResult& result, const std::vector<double>& squares) const;

  models::QwenModel& model_;
  parallel::ShardedOptimizer& optimizer_;
  parallel::DataParallel& gradients_;
  const parallel::Mesh& ranks_;
  Options options_;
  std::optional<parallel::OrderedGradients> ordered_;
  LossScale scale_;
};

}  // namespace genesis::trainer
