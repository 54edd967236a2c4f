#pragma once
#include <functional>
#include <string>

#include "autograd/grad_scaler.h"
#include "parallel/communicator.h"
#include "trainer/checkpoint/train_state.h"
#include "trainer/train/precision.h"

namespace genesis::trainer {

/// The loss scale of fp16-mixed, agreed by all ranks; 1 and out of the way for every other precision.
///   backward's seed is multiplied by scale(); gradients are divided by it inside AdamW, so nothing passes
///   over them. After a step whose gradients overflowed on any rank, nothing is updated anywhere and the
///   scale is halved.
class LossScale {
 public:
  static constexpr double kSmallest = 1.0 / 1024;  ///< below, training has diverged

  LossScale(const PrecisionPlan& precision, parallel::Communicator& ranks);
  double scale() const { return scaler_.scale(); }
  bool is_on() const { return on_; }
  /// Whether this step's update may be made: every rank found finite gradients. Adjusts the scale. Collective
  /// when on. `first_bad` names the first gradient that is not finite, and is asked only when it is told.
  /// Errors: NumericsError naming it when the scale has become smaller than kSmallest.
  bool agree(bool finite, int64_t step, const std::function<std::string()>& first_bad);

  /// Into and out of what a checkpoint keeps, so that a resumed run goes on with the same scale. Nothing
  /// happens when off, or when the checkpoint is of a run in another precision.
  void store(TrainState& state) const;
  void restore(const TrainState& state);

 private:
  bool on_;
  parallel::Communicator& ranks_;
  GradScaler scaler_;
};

}  // namespace genesis::trainer
