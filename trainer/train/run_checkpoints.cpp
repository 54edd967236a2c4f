#include "trainer/train/run_checkpoints.h"

#include "kernels/core/log.h"
#include "trainer/checkpoint/publish.h"
#include "trainer/checkpoint/resume.h"
#include "trainer/control/progress.h"
#include "trainer/control/start_agreement.h"

namespace genesis::trainer {

RunCheckpoints::RunCheckpoints(RunParts& run) : run_(run) {
  if (run.ranks.rank() == 0) folder_.emplace(run.config.output_dir);
}

void RunCheckpoints::resume() {
  const TrainConfig& c = run_.config;
  state_.seed = c.seed;
  state_.dataset_digest = run_.data->train.digest();
  state_.global_batch_size = run_.batch.global;
  const CheckpointParts parts = run_.checkpoint_parts();
  const Resumed resumed =
      resume_checkpoint({c.output_dir, c.resume_from_checkpoint, c.resume_strict}, parts, run_.ranks);
  saver_.emplace(
      CheckpointSaver::Options{
          .output_dir = c.output_dir, .keep = c.save_total_limit, .on_error = c.on_save_error},
      parts, resumed.lineage, run_.ranks);
  const auto& found = resumed.state;
  if (!found) return;
  if (found->dataset_digest != state_.dataset_digest || found->seed != state_.seed)
    throw ConfigError(
        "{}: the checkpoint of step {} was trained on {}; resume_from_checkpoint=none starts anew, and "
        "model_name_or_path=CHECKPOINT starts from its weights",
        c.about("resume_from_checkpoint"), found->step,
        found->seed != state_.seed ? "another seed"
                                   : "other data (or the same with another template, mask or length)");
  take(*found);
  agree_at_start({{"resume step", uint64_t(state_.step)}}, run_.ranks);
  notice("resumed at step {} of {}", state_.step, run_.schedule.total_steps);
}

void RunCheckpoints::advance() {
  ++state_.step;
  state_.consumed_rows = run_.plan.next(state_.consumed_rows);
}

void RunCheckpoints::add(const StepResult& result, double seconds) {
  state_.tokens += result.totals.tokens;
  state_.supervised_tokens += result.totals.supervised;
  state_.seconds += seconds;
}

bool RunCheckpoints::note_eval_loss(double loss) {
  if (state_.best_eval_loss && loss >= *state_.best_eval_loss) return false;
  state_.best_eval_loss = loss;
  if (run_.config.save_best) state_.best_step = state_.step;
  return run_.config.save_best;
}

void RunCheckpoints::poll() {
  const PhaseScope phase(Phase::save);
  saver_->poll();
}

void RunCheckpoints::save() {
  const PhaseScope phase(Phase::save);
  state_.recent_losses = run_.control.guard().history().losses();
  run_.step.loss_scale().store(state_);
  saver_->save(state_);
}

void RunCheckpoints::save_last(RunSummary& summary) {
  const PhaseScope phase(Phase::save);
  const TrainConfig& c = run_.config;
  if (c.save_on_exit && saver_->asked_step() != state_.step) save();
  if (saver_->asked_step() == state_.step || c.save_on_exit) saver_->require_saved(state_.step);
  saver_->finish();
  if (saver_->published_step() >= 0)
    summary.checkpoint = checkpoint_path(c.output_dir, saver_->published_step()).string();
}

void RunCheckpoints::finish() { saver_->finish(); }

bool RunCheckpoints::rewind() {
  const PhaseScope phase(Phase::save);
  const int64_t consumed = state_.consumed_rows, from = state_.step;
  saver_->finish();
  const auto found =
      resume_checkpoint({run_.config.output_dir, "auto", false}, run_.checkpoint_parts(), run_.ranks).state;
  if (!found) {
    warn("there is no checkpoint to go back to; only this update is left out");
    return false;
  }
  take(*found);
  state_.consumed_rows = consumed;
  notice("went back from step {} to the checkpoint of step {}; the data between is left out", from,
         state_.step);
  run_.ranks.barrier();  // before anyone replaces that checkpoint
  return true;
}

void RunCheckpoints::take(const TrainState& found) {
  run_.optimizer.synchronise();
  state_ = found;
  state_.global_batch_size = run_.batch.global;
  run_.control.guard().set_history(LossHistory(found.recent_losses));
  run_.step.loss_scale().restore(found);
}

}  // namespace genesis::trainer
