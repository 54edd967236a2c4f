#include "trainer/train/train_step.h"

#include <cmath>

#include "autograd/anomaly.h"
#include "autograd/autocast.h"
#include "autograd/nn/clip_grad_norm.h"
#include "autograd/random.h"
#include "trainer/train/batch_loss.h"

namespace genesis::trainer {

TrainStep::TrainStep(models::QwenModel& model, parallel::ShardedOptimizer& optimizer,
                     parallel::DataParallel& gradients, const parallel::Mesh& ranks, const Options& options)
    : model_(model), optimizer_(optimizer), gradients_(gradients), ranks_(ranks), options_(options) {}

StepResult TrainStep::run(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed,
                          double lr) {
  StepResult result{.totals = plan.totals(consumed)};
  optimizer_.adamw().zero_grad();
  const double waited = batches.wait_seconds();
  double loss_sum = 0;
  const int64_t micro_steps = plan.shape().accumulation;
  for (int64_t micro = 0; micro < micro_steps; ++micro) {
    gradients_.set_last_micro_step(micro + 1 == micro_steps);
    loss_sum += micro_step(batches.take(consumed, micro), consumed, result.totals.supervised);
  }
  result.data_wait_seconds = batches.wait_seconds() - waited;
  gradients_.finish();
  result.loss = ranks_.dp().all_reduce_value(loss_sum) / double(result.totals.supervised);
  result.grad_norm = checked_norm(result.loss);
  optimizer_.adamw().set_lr(lr);
  optimizer_.step(nn::utils::clip_coefficient(result.grad_norm, options_.max_grad_norm));
  return result;
}

double TrainStep::micro_step(const data::Batch& batch, int64_t consumed, int64_t supervised) {
  // Dropout depends on the step and the sample, not on how ranks and micro-batches share the step.
  autograd::set_random_state({.seed = options_.seed, .step = uint64_t(consumed), .next = 0});
  if (batch.supervised == 0) return 0.0;
  detect_anomaly anomaly(options_.anomaly);
  Tensor loss;
  {
    autocast cast(options_.precision.autocast ? options_.precision.compute : DType::bf16,
                  options_.precision.autocast);
    loss = batch_loss_sum(model_, batch);
  }
  loss.backward(Array::full(loss.shape(), 1.0 / double(supervised), loss.dtype()));
  return loss.item();
}

double TrainStep::checked_norm(double loss) const {
  const std::vector<double> squares = gradients_.gradient_squares(&ranks_.tp());
  double total = 0;
  for (const double sum : squares) total += sum;
  if (std::isfinite(total) && std::isfinite(loss)) return std::sqrt(total);
  const int64_t step = optimizer_.adamw().steps() + 1;
  for (size_t i = 0; i < squares.size(); ++i)
    if (!std::isfinite(squares[i]))
      throw NumericsError(
          "step {}: loss {}, the gradient of {} is not finite; nothing was updated "
          "(anomaly=true names the operation)",
          step, loss, gradients_.parameters()[i].first);
  throw NumericsError("step {}: the loss is {}; nothing was updated (anomaly=true names the operation)", step,
                      loss);
}

}  // namespace genesis::trainer
