#pragma once
#include <optional>

#include "trainer/checkpoint/checkpoint_saver.h"
#include "trainer/checkpoint/output_folder.h"
#include "trainer/checkpoint/train_state.h"
#include "trainer/metrics/run_summary.h"
#include "trainer/train/run_parts.h"

namespace genesis::trainer {

/// Where a run stands, and its checkpoints: resuming, saving, going back. Takes the output folder for the
/// whole of its life (rank 0). All members are collective.
class RunCheckpoints {
 public:
  /// Errors: ConfigError when another job writes to the folder.
  explicit RunCheckpoints(RunParts& run);

  /// Goes on at the checkpoint that resume_from_checkpoint asks for, if there is one.
  /// Errors: ConfigError when it was trained on other data or with another seed; those of resume_checkpoint.
  void resume();
  /// Steps the run on by one that has been given away.
  void advance();
  /// Counts what a step did, when that is known: before the next advance().
  void add(const StepResult& result, double seconds);
  /// Keeps the best evaluation loss; whether this one asks for a checkpoint.
  bool note_eval_loss(double loss);
  /// Publishes what has been written in the background.
  void poll();
  void save();
  /// What must be on disk at the end of the run: waits for it, and notes where it is.
  void save_last(RunSummary& summary);
  /// Waits for what is being written.
  void finish();
  /// Weights, moments and step of the last checkpoint; the data since then is not seen again. False when
  /// there is none.
  bool rewind();

  const TrainState& state() const { return state_; }

 private:
  void take(const TrainState& found);

  RunParts& run_;
  TrainState state_;
  std::optional<OutputFolder> folder_;  // rank 0
  std::optional<CheckpointSaver> saver_;
};

}  // namespace genesis::trainer
