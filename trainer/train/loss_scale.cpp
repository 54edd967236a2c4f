#include "trainer/train/loss_scale.h"

#include "kernels/core/error.h"
#include "parallel/agreement.h"

namespace genesis::trainer {
namespace {

GradScaler::Options options_of(bool on) {
  GradScaler::Options options;
  options.enabled = on;
  return options;
}

}  // namespace

LossScale::LossScale(const PrecisionPlan& precision, parallel::Communicator& ranks)
    : on_(precision.autocast && precision.compute == DType::f16), ranks_(ranks), scaler_(options_of(on_)) {}

bool LossScale::agree(bool finite, int64_t step, const std::function<std::string()>& first_bad) {
  if (!on_) return finite;
  const bool overflow = parallel::any_rank(ranks_, !finite);
  scaler_.set_found_inf(overflow);
  scaler_.update();
  if (scaler_.scale() < kSmallest)
    throw NumericsError(
        "step {}: {}: gradients overflow in fp16 even at a loss scale of {}; use bf16-mixed, or a "
        "smaller learning_rate",
        step, first_bad(), scaler_.scale());
  return !overflow;
}

void LossScale::store(TrainState& state) const {
  if (!on_) return;
  state.grad_scale = scaler_.state().scale;
  state.grad_scale_good_steps = scaler_.state().good_steps;
}

void LossScale::restore(const TrainState& state) {
  if (on_ && state.grad_scale) scaler_.set_state({*state.grad_scale, state.grad_scale_good_steps});
}

}  // namespace genesis::trainer
