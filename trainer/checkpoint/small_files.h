#pragma once
#include <vector>

#include "trainer/checkpoint/checkpoint_parts.h"
#include "trainer/checkpoint/share.h"

namespace genesis::trainer {

/// What every checkpoint of a run has alike beside its tensors: config.json, train_config.yaml, the
/// tokenizer. Errors: DiskError naming a tokenizer file that cannot be read.
std::vector<SmallFile> model_folder_files(const CheckpointParts& parts);

}  // namespace genesis::trainer
