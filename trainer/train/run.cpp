#include "trainer/train/run.h"

#include <chrono>
#include <filesystem>
#include <optional>

#include "kernels/core/log.h"
#include "kernels/core/profile.h"
#include "parallel/zero/sharded_optimizer.h"
#include "trainer/checkpoint/checkpoint_saver.h"
#include "trainer/checkpoint/output_folder.h"
#include "trainer/checkpoint/publish.h"
#include "trainer/checkpoint/resume.h"
#include "trainer/config/print.h"
#include "trainer/control/progress.h"
#include "trainer/control/run_control.h"
#include "trainer/control/start_agreement.h"
#include "trainer/metrics/metrics_file.h"
#include "trainer/metrics/profile_table.h"
#include "trainer/progress/progress.h"
#include "trainer/train/data_setup.h"
#include "trainer/train/debug.h"
#include "trainer/train/device.h"
#include "trainer/train/evaluate.h"
#include "trainer/train/mesh_setup.h"
#include "trainer/train/model_setup.h"
#include "trainer/train/optimizer_setup.h"
#include "trainer/train/train_step.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One run from set-up to summary. Members are in the order they are made.
class Run {
 public:
  Run(const TrainConfig& config, int threads, parallel::Communicator& ranks)
      : config_(config),
        threads_(threads),
        ranks_(ranks),
        control_(config, ranks),
        device_(find_device(config)),
        precision_(precision_plan(config.precision, device_)),
        source_(find_model(config)),
        mesh_(ranks, mesh_layout(config, source_.config, ranks.size())),
        tokenizer_(load_tokenizer(source_)),
        data_(load_data(config, tokenizer_, ranks.size())),
        batch_(plan_batch(config, ranks.size())),
        model_(load_model(source_, precision_, uint64_t(config.seed), {&mesh_.tp(), config.sequence_parallel},
                          device_)),
        gradients_(model_->named_parameters(), mesh_.dp(), data_parallel_options(config)),
        optimizer_(gradients_, adamw_options(config)),
        step_(*model_, optimizer_, gradients_, mesh_,
              {.precision = precision_,
               .max_grad_norm = config.max_grad_norm,
               .seed = uint64_t(config.seed),
               .anomaly = config.anomaly || config.debug,
               .in_sample_order = config.deterministic == Deterministic::full,
               .control = &control_}),
        plan_(data_->rows, data_->order,
              {.micro_batch_size = batch_.per_device,
               .accumulation = batch_.accumulation,
               .ranks = mesh_.dp().size()}),
        batches_(data_->train.samples(), plan_,
                 {.rank = mesh_.dp().rank(), .ahead = config.dataloader_prefetch_factor}) {
    if (data_->groups) plan_.group(*data_->groups);
    model_->gradient_checkpointing(config.gradient_checkpointing == GradientCheckpointing::full);
    model_->recompute_activations(config.gradient_checkpointing == GradientCheckpointing::selective);
    const int64_t steps = total_steps(config, data_->rows.size(), batch_.global);
    schedule_ = {.type = config.lr_scheduler_type,
                 .peak = config.learning_rate,
                 .warmup_steps = warmup_steps(config, steps),
                 .total_steps = steps,
                 .min_lr_ratio = config.min_lr_ratio};
  }

  RunSummary go() {
    if (ranks_.rank() == 0) folder_.emplace(config_.output_dir);
    resume();
    announce();
    if (config_.debug) begin_debug(device_);
    const bool profiled = config_.profile || config_.debug;
    if (profiled) set_profiling(true);
    RunSummary summary;
    try {
      summary = train();
    } catch (const NumericsError&) {  // thrown on all ranks alike: what is being saved is still good
      saver_->finish();
      throw;
    }
    if (profiled) log_line("\n" + profile_table(profile_entries(), summary.seconds));
    if (ranks_.rank() == 0) write_summary(fs::path(config_.output_dir) / "summary.json", summary);
    return summary;
  }

 private:
  CheckpointParts parts() {
    return {*model_, optimizer_.adamw(), source_.config, source_.tokenizer, write_resolved(config_)};
  }

  void resume() {
    agree_at_start(start_items(), ranks_);
    agree_at_start({{"weights", weights_digest(*model_)}}, mesh_.dp());
    parallel::broadcast_parameters(model_->named_parameters(), mesh_.dp());
    state_.seed = config_.seed;
    state_.dataset_digest = data_->train.digest();
    state_.global_batch_size = batch_.global;
    const Resumed resumed = resume_checkpoint(
        {config_.output_dir, config_.resume_from_checkpoint, config_.resume_strict}, parts(), ranks_);
    saver_.emplace(CheckpointSaver::Options{.output_dir = config_.output_dir,
                                            .keep = config_.save_total_limit,
                                            .on_error = config_.on_save_error},
                   parts(), resumed.lineage, ranks_);
    const auto& found = resumed.state;
    if (!found) return;
    if (found->dataset_digest != state_.dataset_digest || found->seed != state_.seed)
      throw ConfigError(
          "{}: the checkpoint of step {} was trained on {}; resume_from_checkpoint=none starts anew, and "
          "model_name_or_path=CHECKPOINT starts from its weights",
          config_.about("resume_from_checkpoint"), found->step,
          found->seed != state_.seed ? "another seed"
                                     : "other data (or the same with another template, mask or length)");
    optimizer_.synchronise(parallel::ShardedOptimizer::Source::pieces);
    take(*found);
    agree_at_start({{"resume step", uint64_t(state_.step)}}, ranks_);
    notice("resumed at step {} of {}", state_.step, schedule_.total_steps);
  }

  std::vector<StartItem> start_items() const {
    return {{"tokenizer", tokenizer_digest(source_.tokenizer)},
            {"dataset", digest_text(data_->train.digest())},
            {"eval_dataset", digest_text(data_->eval ? data_->eval->digest() : "")}};
  }

  void announce() const {
    notice("model: {} parameters, {}; {} steps of {} rows ({} x {} accumulation x {}), {} threads a rank",
           models::parameter_count(source_.config), spelling_of(config_.precision), schedule_.total_steps,
           batch_.global, batch_.per_device, batch_.accumulation, describe(mesh_, config_.sequence_parallel),
           threads_);
  }

  bool every(int64_t period) const { return period > 0 && state_.step % period == 0; }

  RunSummary train() {
    RunSummary summary = new_summary();
    std::optional<MetricsFile> metrics;
    if (ranks_.rank() == 0) metrics.emplace(fs::path(config_.output_dir) / "metrics.jsonl", state_.step);
    Progress progress(ProgressOutput::automatic(), schedule_.total_steps, state_.step);
    StepMetrics since{};
    while (state_.step < schedule_.total_steps) {
      control_.begin_step(state_.step + 1);
      const double begin = now();
      const double lr = schedule_.at(state_.step);
      const StepResult result = step_.run(plan_, batches_, state_.consumed_rows, lr);
      const double seconds = now() - begin;
      if (config_.debug && summary.steps == 0 && summary.tokens == 0)
        log_line(memory_report(*model_, optimizer_.adamw()));
      advance(result, seconds);
      control_.end_step([this] { return replicas_of(*model_, optimizer_.adamw()); }, mesh_.dp());
      add(since, summary, result, seconds, lr);
      poll_saver();
      const bool last = state_.step == schedule_.total_steps;
      bool best = false;
      if (data_->eval && (every(config_.eval_steps) || last)) {
        since.eval_loss = summary.eval_loss = evaluate_now();
        best = note_eval_loss(*since.eval_loss);
      }
      if (metrics && (every(config_.logging_steps) || last || since.eval_loss)) {
        since.memory = memory_stats(device_);
        metrics->append(since);
        progress.update(since);
        since = {};
      }
      if (control_.rewind_due() && rewind()) continue;
      if (control_.stop_signal() != 0 && !last) {
        summary.stop_signal = control_.stop_signal();
        break;
      }
      if (every(config_.save_steps) || best) save();
    }
    save_last(summary);
    finish(summary);
    return summary;
  }

  /// Whether this evaluation asks for a checkpoint.
  bool note_eval_loss(double loss) {
    if (state_.best_eval_loss && loss >= *state_.best_eval_loss) return false;
    state_.best_eval_loss = loss;
    if (config_.save_best) state_.best_step = state_.step;
    return config_.save_best;
  }

  void advance(const StepResult& result, double seconds) {
    ++state_.step;
    state_.consumed_rows = plan_.next(state_.consumed_rows);
    state_.tokens += result.totals.tokens;
    state_.supervised_tokens += result.totals.supervised;
    state_.seconds += seconds;
  }

  void add(StepMetrics& since, RunSummary& summary, const StepResult& result, double seconds,
           double lr) const {
    since.step = state_.step;
    since.epoch = double(state_.consumed_rows) / double(data_->rows.size());
    since.loss = result.loss;
    since.grad_norm = result.grad_norm;
    since.learning_rate = lr;
    since.tokens += result.totals.tokens;
    since.supervised_tokens += result.totals.supervised;
    since.seconds += seconds;
    since.data_wait_seconds += result.data_wait_seconds;
    summary.tokens += result.totals.tokens;
    summary.supervised_tokens += result.totals.supervised;
    summary.seconds += seconds;
    summary.data_wait_seconds += result.data_wait_seconds;
    summary.loss = result.loss;
  }

  double evaluate_now() {
    ProfilePause training_steps_only;
    const int64_t rows = config_.per_device_eval_batch_size.value_or(batch_.per_device);
    return evaluate(*model_, data_->eval->samples(), rows, precision_, mesh_.dp()).loss;
  }

  void poll_saver() {
    const PhaseScope phase(Phase::save);
    saver_->poll();
  }

  void save() {
    const PhaseScope phase(Phase::save);
    state_.recent_losses = control_.guard().history().losses();
    step_.loss_scale().store(state_);
    saver_->save(state_);
  }

  void save_last(RunSummary& summary) {
    const PhaseScope phase(Phase::save);
    if (config_.save_on_exit && saver_->asked_step() != state_.step) save();
    if (saver_->asked_step() == state_.step || config_.save_on_exit) saver_->require_saved(state_.step);
    saver_->finish();
    if (saver_->published_step() >= 0)
      summary.checkpoint = checkpoint_path(config_.output_dir, saver_->published_step()).string();
  }

  /// Weights, moments and step of the last checkpoint; the data since then is not seen again. False when
  /// there is none.
  bool rewind() {
    const PhaseScope phase(Phase::save);
    const int64_t consumed = state_.consumed_rows, from = state_.step;
    saver_->finish();
    const auto found = resume_checkpoint({config_.output_dir, "auto", false}, parts(), ranks_).state;
    if (!found) warn("there is no checkpoint to go back to; only this update is left out");
    if (!found) return false;
    optimizer_.synchronise(parallel::ShardedOptimizer::Source::pieces);
    take(*found);
    state_.consumed_rows = consumed;
    notice("went back from step {} to the checkpoint of step {}; the data between is left out", from,
           state_.step);
    ranks_.barrier();  // before anyone replaces that checkpoint
    return true;
  }

  void take(const TrainState& found) {
    state_ = found;
    state_.global_batch_size = batch_.global;
    control_.guard().set_history(LossHistory(found.recent_losses));
    step_.loss_scale().restore(found);
  }

  RunSummary new_summary() const {
    RunSummary s;
    s.first_step = state_.step;
    s.parameters = models::parameter_count(source_.config);
    s.ranks = ranks_.size();
    s.threads = threads_;
    s.device = std::string(name_of(device_));
    s.precision = std::string(spelling_of(config_.precision));
    return s;
  }

  void finish(RunSummary& summary) const {
    summary.steps = state_.step;
    summary.epochs = double(state_.consumed_rows) / double(data_->rows.size());
    summary.memory = memory_stats(device_);
  }

  const TrainConfig& config_;
  int threads_;
  parallel::Communicator& ranks_;
  RunControl control_;
  Device device_;
  PrecisionPlan precision_;
  ModelSource source_;
  parallel::Mesh mesh_;
  data::Tokenizer tokenizer_;
  std::unique_ptr<TrainingData> data_;
  BatchPlan batch_;
  std::unique_ptr<models::QwenModel> model_;
  parallel::DataParallel gradients_;
  parallel::ShardedOptimizer optimizer_;
  TrainStep step_;
  data::StepPlan plan_;
  data::BatchLoader batches_;
  optim::LrSchedule schedule_;
  TrainState state_;
  std::optional<OutputFolder> folder_;  // rank 0
  std::optional<CheckpointSaver> saver_;
};

}  // namespace

RunSummary run_training(const TrainConfig& config, int threads, parallel::Communicator& ranks) {
  return Run(config, threads, ranks).go();
}

}  // namespace genesis::trainer
