#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "parallel/communicator.h"
#include "trainer/checkpoint/checkpoint_parts.h"
#include "trainer/checkpoint/train_state.h"

namespace genesis::trainer {

struct ResumeRequest {
  std::filesystem::path output_dir;
  std::string from =
      "auto";  ///< "auto": the newest checkpoint under output_dir, if any; "none"; or a checkpoint's path
  bool strict = false;  ///< a damaged newest checkpoint is an error, not passed over
};

struct Resumed {
  std::optional<TrainState> state;  ///< nothing: a run from its start
  Lineage lineage;                  ///< of the checkpoints to come; meaningful on rank 0
};

/// Fills model and optimizer from a checkpoint, whatever number and split of ranks wrote it. Rank 0 chooses;
/// all ranks check that they read the same manifest, and each slice they use. A damaged checkpoint is named
/// loudly and the one before is taken. Collective. Errors: CheckpointError naming file and tensor when the
/// one asked for, or every one there is, is damaged;
///   CheckpointRefused, without a look at older ones, for a newer format or another model.
Resumed resume_checkpoint(const ResumeRequest& request, const CheckpointParts& parts,
                          parallel::Communicator& ranks);

}  // namespace genesis::trainer
