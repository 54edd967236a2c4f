#include "trainer/train/train_step.h"

#include <cmath>
#include <numeric>

#include "autograd/anomaly.h"
#include "autograd/autocast.h"
#include "autograd/nn/clip_grad_norm.h"
#include "autograd/random.h"
#include "trainer/control/progress.h"
#include "trainer/train/batch_loss.h"

namespace genesis::trainer {

TrainStep::TrainStep(models::QwenModel& model, parallel::ShardedOptimizer& optimizer,
                     parallel::DataParallel& gradients, const parallel::Mesh& ranks, const Options& options)
    : model_(model),
      optimizer_(optimizer),
      gradients_(gradients),
      ranks_(ranks),
      options_(options),
      scale_(options.precision, ranks.dp()) {
  if (options.in_sample_order) ordered_.emplace(gradients);
}

StepResult TrainStep::run(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed,
                          double lr) {
  StepResult result{.totals = plan.totals(consumed)};
  const Work work{plan, batches, consumed, result.totals.weight};
  optimizer_.adamw().zero_grad();
  const double waited = batches.wait_seconds(), unscale = 1.0 / scale_.scale();
  const double loss_sum = ordered_ ? run_in_sample_order(work) : run_micro_steps(work);
  result.data_wait_seconds = batches.wait_seconds() - waited;
  result.loss = loss_sum / work.weight;
  const std::vector<double> squares = gradients_.gradient_squares(&ranks_.tp());
  result.grad_norm = unscale * std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
  const bool fits = scale_.agree(!scale_.is_on() || std::isfinite(result.grad_norm),
                                 optimizer_.adamw().steps() + 1, [&] { return first_bad(squares); });
  result.updated = fits && allow_update(result, squares);
  if (!result.updated) {
    // The step still counts in the bias correction: a resumed run knows the number of steps alone.
    optimizer_.adamw().set_steps(optimizer_.adamw().steps() + 1);
    return result;
  }
  optimizer_.adamw().set_lr(lr);
  optimizer_.step(unscale * nn::utils::clip_coefficient(result.grad_norm, options_.max_grad_norm));
  return result;
}

double TrainStep::run_micro_steps(const Work& work) {
  std::vector<Tensor> losses;  // read when all work was given away: a card is not waited for in between
  const int64_t micro_steps = work.plan.shape().accumulation;
  for (int64_t micro = 0; micro < micro_steps; ++micro) {
    gradients_.set_last_micro_step(micro + 1 == micro_steps);
    losses.push_back(forward_and_backward(work, work.batches.take(work.consumed, micro)));
    note_progress();
  }
  gradients_.finish();
  double loss_sum = 0;
  for (const Tensor& loss : losses) loss_sum += loss.defined() ? loss.item() : 0.0;
  if (options_.control) loss_sum *= options_.control->loss_factor();
  return ranks_.dp().all_reduce_value(loss_sum);
}

/// Neighbouring rows to each rank, one at a time: what a row contributes, and in which order it is added,
/// depends on neither the number of ranks nor on the split into micro-batches.
double TrainStep::run_in_sample_order(const Work& work) {
  parallel::Communicator& dp = ranks_.dp();
  const int64_t all = work.plan.shape().global_batch_size(), own = all / dp.size();
  const Array losses = Array::zeros({all}, DType::f64);
  double* loss = losses.data<double>();  // [all] of each row, zero where it is another rank's
  ordered_->sum(own, [&](int64_t i) {
    const int64_t row = dp.rank() * own + i;
    const Tensor sum = forward_and_backward(
        work, data::build_batch(work.batches.samples(), work.plan.row(work.consumed, row)));
    loss[row] = sum.defined() ? sum.item() : 0.0;
    note_progress();
  });
  gradients_.finish();
  dp.all_reduce(losses);
  return std::accumulate(loss, loss + all, 0.0);
}

Tensor TrainStep::forward_and_backward(const Work& work, const data::Batch& batch) {
  // Dropout depends on the step and the sample, not on how ranks and micro-batches share the step.
  autograd::set_random_state({.seed = options_.seed, .step = uint64_t(work.consumed), .next = 0});
  if (batch.supervised == 0) return {};
  detect_anomaly anomaly(options_.anomaly);
  Tensor loss;
  {
    autocast cast(options_.precision.autocast ? options_.precision.compute : DType::bf16,
                  options_.precision.autocast);
    loss = batch_loss_sum(model_, batch);
  }
  const double factor = scale_.scale() * (options_.control ? options_.control->gradient_factor() : 1.0);
  loss.backward(Array::full(loss.shape(), factor / work.weight, loss.dtype()));
  return loss.detach();
}

std::string TrainStep::first_bad(const std::vector<double>& squares) const {
  for (size_t i = 0; i < squares.size(); ++i)
    if (!std::isfinite(squares[i]))
      return fmt::format("the gradient of {} is not finite", gradients_.parameters()[i].first);
  return "the gradients are finite";
}

bool TrainStep::allow_update(const StepResult& result, const std::vector<double>& squares) const {
  const bool finite = std::isfinite(result.grad_norm) && std::isfinite(result.loss);
  const auto bad = [&] { return first_bad(squares); };
  if (options_.control) return options_.control->allow_update(result.loss, finite, bad);
  if (finite) return true;
  throw NumericsError("step {}: loss {}, {}; nothing was updated (anomaly=true names the operation)",
                      optimizer_.adamw().steps() + 1, result.loss, bad());
}

}  // namespace genesis::trainer
