#include "trainer/train/run_record.h"

#include <utility>

namespace genesis::trainer {

RunRecord::RunRecord(const RunParts& run, int64_t first_step) : run_(run) {
  summary.first_step = first_step;
  summary.parameters = models::parameter_count(run.source.config);
  summary.ranks = run.ranks.size();
  summary.threads = run.threads;
  summary.device = std::string(name_of(run.device));
  summary.precision = std::string(spelling_of(run.config.precision));
}

void RunRecord::add(const TrainState& state, const StepResult& result, double seconds, double lr) {
  since_.step = state.step;
  since_.epoch = epochs(state);
  since_.loss = result.loss;
  summary.loss = result.loss;
  since_.grad_norm = result.grad_norm;
  since_.learning_rate = lr;
  const auto count = [&](auto& total) {
    total.tokens += result.totals.tokens;
    total.supervised_tokens += result.totals.supervised;
    total.seconds += seconds;
    total.data_wait_seconds += result.data_wait_seconds;
  };
  count(since_);
  count(summary);
}

void RunRecord::add_evaluation(double loss) {
  since_.eval_loss = loss;
  summary.eval_loss = loss;
}

StepMetrics RunRecord::take_since() {
  since_.memory = memory_stats(run_.device);
  return std::exchange(since_, {});
}

const RunSummary& RunRecord::finish(const TrainState& state) {
  summary.steps = state.step;
  summary.epochs = epochs(state);
  summary.memory = memory_stats(run_.device);
  return summary;
}

double RunRecord::epochs(const TrainState& state) const {
  return double(state.consumed_rows) / double(run_.data->rows.size());
}

}  // namespace genesis::trainer
