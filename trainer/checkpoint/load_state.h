#pragma once
#include <vector>

#include "trainer/checkpoint/held_state.h"
#include "trainer/checkpoint/stored_checkpoint.h"

namespace genesis::trainer {

/// Errors: CheckpointRefused naming tensors that are missing, unexpected or of another shape: another model.
void check_same_model(const StoredCheckpoint& stored, const std::vector<HeldTensor>& held);

/// Fills every part this rank holds, however the checkpoint cut its tensors. A slice's checksum is compared
/// before a value of it is used. Values of another float type are converted (and the difference told, once).
/// Errors: CheckpointError naming file and tensor; parts may have been written to then.
void load_state(StoredCheckpoint& stored, const std::vector<HeldTensor>& held);

}  // namespace genesis::trainer
