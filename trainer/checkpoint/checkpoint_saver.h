#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "parallel/communicator.h"
#include "trainer/checkpoint/checkpoint_parts.h"
#include "trainer/checkpoint/file_layer.h"
#include "trainer/checkpoint/save_plan.h"
#include "trainer/checkpoint/train_state.h"
#include "trainer/config/choices.h"

namespace genesis::trainer {

/// Saves checkpoints while training goes on.
///   save() copies this rank's share (the only time training stands still) and returns; a thread of its own
///   checksums the copy, writes it and syncs it. When all ranks are done, which they tell one another in
///   poll(), rank 0 writes the manifest, publishes the checkpoint by one rename, reads it back, and only then
///   removes old ones. One save at a time: a second one waits for the first.
/// All calls but the constructor are collective and made by the training thread between steps.
/// Errors: what goes wrong with a save is told by the next call: a warning (OnSaveError::warn) or DiskError
/// on
///   every rank. Earlier checkpoints are untouched.
class CheckpointSaver {
 public:
  struct Options {
    std::filesystem::path output_dir;
    int64_t keep = 3;  ///< checkpoints that stay; 0: all
    OnSaveError on_error = OnSaveError::warn;
    bool background = true;  ///< false: save() returns when the checkpoint is published
    SavePlanOptions plan;
    FileLayer* files = &system_files();
  };
  CheckpointSaver(Options options, const CheckpointParts& parts, Lineage lineage,
                  parallel::Communicator& ranks);
  ~CheckpointSaver();  ///< waits for this rank's thread; what is not published stays unpublished
  CheckpointSaver(const CheckpointSaver&) = delete;
  CheckpointSaver& operator=(const CheckpointSaver&) = delete;

  /// Begins a checkpoint of what the model and optimizer hold now. state.step must be the same on all ranks.
  void save(const TrainState& state);
  /// Once a step: moves a save on. Without one in flight it costs nothing.
  void poll();
  /// Waits until nothing is in flight.
  void finish();
  /// finish(), and an Error with exit code disk whatever on_error says unless the checkpoint of `step` is
  /// published.
  void require_saved(int64_t step);
  /// save() and require_saved(): for the end of a run and before it gives way to another job.
  void save_now(const TrainState& state);

  /// The step saved last, in flight or published, and the one published last; -1: none by this object.
  int64_t asked_step() const;
  int64_t published_step() const;
  /// Seconds that the last save() held training up, and the part of it that was the copy.
  double last_stall_seconds() const;
  double last_copy_seconds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis::trainer
