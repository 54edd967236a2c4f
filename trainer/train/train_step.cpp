#include "trainer/train/train_step.h"

#include <cmath>
#include <numeric>
#include <utility>

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
  if (options.read_late && !options.in_sample_order && model.device() == Device::cuda)
    card_.emplace(
        gradients, ranks,
        CardStepEnd::Options{
            .max_grad_norm = options.max_grad_norm, .scaled = scale_.is_on(), .hold = options.stop_when_bad});
}

StepResult TrainStep::run(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed,
                          double lr) {
  start(plan, batches, consumed, lr);
  return finish();
}

void TrainStep::start(const data::StepPlan& plan, data::BatchLoader& batches, int64_t consumed, double lr,
                      const Due& due) {
  bool settled = !due;
  const auto settle = [&] {
    if (!std::exchange(settled, true)) due();
  };
  Started now{.result = {.totals = plan.totals(consumed)}, .step = optimizer_.adamw().steps() + 1};
  Work work{plan, batches, consumed, now.result.totals.weight, {}};
  if (scale_.is_on()) work.before_backward = settle;
  optimizer_.adamw().zero_grad();
  const double waited = batches.wait_seconds();
  std::vector<Tensor> losses;
  double loss_sum = 0;
  if (ordered_)
    loss_sum = run_in_sample_order(work);
  else
    losses = run_micro_steps(work);
  now.result.data_wait_seconds = batches.wait_seconds() - waited;
  if (!card_) {
    end_on_host(now.result, ordered_ ? loss_sum : sum_over_ranks(losses), work.weight, lr);
  } else {
    if (scale_.is_on()) settle();
    const Array decision = card_->decide({.losses = std::move(losses),
                                          .loss_factor = loss_factor(),
                                          .weight = work.weight,
                                          .unscale = 1.0 / scale_.scale()});
    optimizer_.adamw().set_lr(lr);
    optimizer_.step(1.0, decision);
  }
  settle();
  started_.push_back(std::move(now));
}

StepResult TrainStep::finish() {
  GENESIS_INVARIANT(!started_.empty(), "no step was started");
  Started ended = std::move(started_.front());
  started_.pop_front();
  StepResult& result = ended.result;
  if (!card_) return result;
  const CardStepEnd::Seen seen = card_->read();
  result.loss = seen.loss;
  result.grad_norm = seen.grad_norm;
  result.updated = agree(result, ended.step, seen.squares);
  GENESIS_CHECK(result.updated == seen.made, "step ", ended.step, ": the ranks agree on ",
                result.updated ? "an update" : "none", ", this one's card saw loss ", seen.loss, " and norm ",
                seen.grad_norm);
  return result;
}

void TrainStep::end_on_host(StepResult& result, double loss_sum, double weight, double lr) {
  const double unscale = 1.0 / scale_.scale();
  const int64_t step = optimizer_.adamw().steps() + 1;
  result.loss = loss_sum / weight;
  const std::vector<double> squares = gradients_.gradient_squares(&ranks_.tp());
  result.grad_norm = unscale * std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
  result.updated = agree(result, step, squares);
  // A step that is left out still counts in the bias correction: a resumed run knows the number of steps
  // alone.
  if (!result.updated) return optimizer_.adamw().set_steps(step);
  optimizer_.adamw().set_lr(lr);
  optimizer_.step(unscale * nn::utils::clip_coefficient(result.grad_norm, options_.max_grad_norm));
}

std::vector<Tensor> TrainStep::run_micro_steps(const Work& work) {
  std::vector<Tensor> losses;  // read when all work was given away: a card is not waited for in between
  const int64_t micro_steps = work.plan.shape().accumulation;
  for (int64_t micro = 0; micro < micro_steps; ++micro) {
    gradients_.set_last_micro_step(micro + 1 == micro_steps);
    Tensor loss = forward_and_backward(work, work.batches.take(work.consumed, micro));
    if (loss.defined()) losses.push_back(std::move(loss));
    note_progress();
  }
  gradients_.finish();
  return losses;
}

double TrainStep::sum_over_ranks(const std::vector<Tensor>& losses) const {
  double sum = 0;
  for (const Tensor& loss : losses) sum += loss.item();
  return ranks_.dp().all_reduce_value(sum * loss_factor());
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
  if (work.before_backward) work.before_backward();
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

bool TrainStep::agree(const StepResult& result, int64_t step, const std::vector<double>& squares) {
  const bool fits = scale_.agree(!scale_.is_on() || std::isfinite(result.grad_norm), step,
                                 [&] { return first_bad(squares); });
  return fits && allow_update(result, step, squares);
}

bool TrainStep::allow_update(const StepResult& result, int64_t step,
                             const std::vector<double>& squares) const {
  const bool finite = std::isfinite(result.grad_norm) && std::isfinite(result.loss);
  const auto bad = [&] { return first_bad(squares); };
  if (options_.control) return options_.control->allow_update(step, result.loss, finite, bad);
  if (finite) return true;
  throw NumericsError("step {}: loss {}, {}; nothing was updated (anomaly=true names the operation)", step,
                      result.loss, bad());
}

}  // namespace genesis::trainer
