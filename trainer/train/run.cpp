#include "trainer/train/run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "kernels/core/log.h"
#include "kernels/core/profile.h"
#include "trainer/metrics/metrics_file.h"
#include "trainer/metrics/profile_table.h"
#include "trainer/progress/progress.h"
#include "trainer/train/debug.h"
#include "trainer/train/memory_advice.h"
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
    Log log{RunRecord(run_, step()), {}, {ProgressOutput::automatic(), run_.schedule.total_steps, step()}};
    if (first_rank()) log.metrics.emplace(output("metrics.jsonl"), step());
    RunRecord& record = log.record;
    record.summary.start_peak_bytes = memory_stats(run_.device).peak_total;
    reset_peak_memory();
    while (!last()) {
      take_step(log);
      checkpoints_.poll();
      const bool best = data_to_evaluate() && evaluate(record);
      if (!unread_) report(log);
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

  /// What a run leaves behind beside its checkpoints.
  struct Log {
    RunRecord record;
    std::optional<MetricsFile> metrics;  // rank 0
    Progress progress;
  };
  /// A step that was given away, and whose numbers were not read yet.
  struct Unread {
    double begin = 0, lr = 0;
  };

  void take_step(Log& log) {
    run_.control.begin_step(step() + 1);
    const Unread taken{.begin = now(), .lr = run_.schedule.at(step())};
    {
      const CountedTraffic counted(run_.groups, log.record.summary.step_bytes);
      run_.step.start(run_.plan, run_.batches, checkpoints_.state().consumed_rows, taken.lr, [&] {
        if (!unread_) return;
        read_step(log.record);
        report(log);
      });
      if (config_.debug && log.record.summary.tokens == 0)
        log_line(memory_report(*run_.model, run_.optimizer.adamw()));
      checkpoints_.advance();
      unread_ = taken;
      if (!run_.step.reads_late() || is_asked_for()) read_step(log.record);
    }
    run_.control.end_step([this] { return replicas_of(*run_.model, run_.optimizer.adamw()); },
                          run_.mesh.dp());
  }

  /// Whether the step that was taken last is read before the next is given away: somebody wants its numbers,
  /// or weights that are known to be good.
  bool is_asked_for() const {
    return last() || run_.control.stop_signal() != 0 || data_to_evaluate() || every(config_.save_steps);
  }

  /// Reads what the oldest step that was taken did; the run's state is the one after it.
  void read_step(RunRecord& record) {
    const Unread taken = *std::exchange(unread_, {});
    const StepResult result = run_.step.finish();
    const double read = now(), seconds = read - std::max(taken.begin, std::exchange(last_read_, read));
    checkpoints_.add(result, seconds);
    record.add(checkpoints_.state(), result, seconds, taken.lr);
  }

  void report(Log& log) {
    if (!log.metrics || !(every(config_.logging_steps) || last() || log.record.evaluated())) return;
    const StepMetrics since = log.record.take_since();
    log.metrics->append(since);
    log.progress.update(since);
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
  std::optional<Unread> unread_;
  double last_read_ = 0;  // when the numbers of a step were read
};

}  // namespace

RunSummary run_training(const TrainConfig& config, int threads, parallel::Communicator& ranks) {
  try {
    return Run(config, threads, ranks).go();
  } catch (const OutOfCardMemory& e) {
    throw OutOfCardMemory(fmt::format("{}; {}", e.what(), memory_advice(config, ranks.size())));
  }
}

}  // namespace genesis::trainer
