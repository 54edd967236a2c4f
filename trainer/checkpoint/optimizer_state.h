#pragma once
#include <filesystem>

#include "autograd/nn/module.h"
#include "autograd/optim/adamw.h"
#include "models/config/huggingface.h"
#include "trainer/checkpoint/whole_moments.h"

namespace genesis::trainer {

/// AdamW's moments as a safetensors file: `exp_avg.NAME` and `exp_avg_sq.NAME` for every checkpoint tensor
/// NAME of the model, in the moments' own dtype. The step count is TrainState's. Errors of save: DiskError.
/// Of load: CheckpointError naming file and tensor; nothing is changed then.
void save_optimizer_state(const std::filesystem::path& file, const WholeMoments& whole,
                          const optim::AdamW& optimizer, const nn::Module& model,
                          const models::QwenConfig& config, models::Naming naming);
void load_optimizer_state(const std::filesystem::path& file, optim::AdamW& optimizer, const nn::Module& model,
                          const models::QwenConfig& config, models::Naming naming);

}  // namespace genesis::trainer
