#include "trainer/train/run.h"

#include <chrono>
#include <filesystem>
#include <optional>

#include "kernels/core/log.h"
#include "kernels/core/profile.h"
#include "trainer/metrics/metrics_file.h"
#include "trainer/metrics/profile_table.h"
#include "trainer/progress/progress.h"
#include "trainer/train/debug.h"
#include "trainer/train/run_checkpoints.h"
#include "trainer/train/run_parts.h"
#include "trainer/train/run_record.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One run from its set-up to its summary.
class Run {
 public:
  Run(const TrainConfig& config, int threads, parallel::Communicator& ranks)
      : config_(config), run_(config, threads, ranks), checkpoints_(run_) {}

  RunSummary go() {
    run_.agree();
    checkpoints_.resume();
    run_.announce();
    if (config_.debug) begin_debug(run_.device);
    const bool profiled = config_.profile || config_.debug;
    if (profiled) set_profiling(true);
    RunSummary summary;
    try {
      summary = train();
    } catch (const NumericsError&) {  // thrown on all ranks alike: what is being saved is still good
      checkpoints_.finish();
      throw;
    }
    if (profiled) log_line("\n" + profile_table(profile_entries(), summary.seconds));
    if (first_rank()) write_summary(output("summary.json"), summary);
    return summary;
  }

 private:
  bool first_rank() const { return run_.ranks.rank() == 0; }
  fs::path output(const char* name) const { return fs::path(config_.output_dir) / name; }
  int64_t step() const { return checkpoints_.state().step; }
  bool last() const { return step() == run_.schedule.total_steps; }
  bool every(int64_t period) const { return period > 0 && step() % period == 0; }

  RunSummary train() {
    RunRecord record(run_, step());
    std::optional<MetricsFile> metrics;
    if (first_rank()) metrics.emplace(output("metrics.jsonl"), step());
    Progress progress(ProgressOutput::automatic(), run_.schedule.total_steps, step());
    record.summary.start_peak_bytes = memory_stats(run_.device).peak_total;
    reset_peak_memory();
    while (!last()) {
      take_step(record);
      checkpoints_.poll();
      const bool best = data_to_evaluate() && evaluate(record);
      if (metrics && (every(config_.logging_steps) || last() || record.evaluated())) {
        const StepMetrics since = record.take_since();
        metrics->append(since);
        progress.update(since);
      }
      if (run_.control.rewind_due() && checkpoints_.rewind()) continue;
      if (run_.control.stop_signal() != 0 && !last()) {
        record.summary.stop_signal = run_.control.stop_signal();
        break;
      }
      if (every(config_.save_steps) || best) checkpoints_.save();
    }
    checkpoints_.save_last(record.summary);
    return record.finish(checkpoints_.state());
  }

  void take_step(RunRecord& record) {
    run_.control.begin_step(step() + 1);
    const double begin = now();
    const double lr = run_.schedule.at(step());
    const StepResult result = counted_step(lr, record.summary.step_bytes);
    const double seconds = now() - begin;
    if (config_.debug && record.summary.tokens == 0)
      log_line(memory_report(*run_.model, run_.optimizer.adamw()));
    checkpoints_.advance(result, seconds);
    run_.control.end_step([this] { return replicas_of(*run_.model, run_.optimizer.adamw()); },
                          run_.mesh.dp());
    record.add(checkpoints_.state(), result, seconds, lr);
  }

  StepResult counted_step(double lr, GroupBytes& bytes) {
    const CountedTraffic counted(run_.groups, bytes);
    return run_.step.run(run_.plan, run_.batches, checkpoints_.state().consumed_rows, lr);
  }

  bool data_to_evaluate() const { return run_.data->eval && (every(config_.eval_steps) || last()); }

  /// Whether the loss asks for a checkpoint.
  bool evaluate(RunRecord& record) {
    const CountedTraffic counted(run_.groups, record.summary.eval_bytes);
    const double loss = run_.evaluate();
    record.add_evaluation(loss);
    return checkpoints_.note_eval_loss(loss);
  }

  const TrainConfig& config_;
  RunParts run_;
  RunCheckpoints checkpoints_;
};

}  // namespace

RunSummary run_training(const TrainConfig& config, int threads, parallel::Communicator& ranks) {
  return Run(config, threads, ranks).go();
}

}  // namespace genesis::trainer
