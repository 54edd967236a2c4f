#pragma once
#include "models/qwen/model.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// What a config's word means to a block. Errors: InvariantError for `fit`, which is resolved first.
models::Recompute recompute_of(GradientCheckpointing policy);

/// Sets what each block computes again. `auto` takes what `genesis plan` finds for the memory of the card (or
/// of this machine, shared by its ranks) and says so in one line.
void set_recompute(models::QwenModel& model, const TrainConfig& config, int ranks);

}  // namespace genesis::trainer
