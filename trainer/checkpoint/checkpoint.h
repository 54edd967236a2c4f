#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "autograd/nn/module.h"
#include "autograd/optim/adamw.h"
#include "models/config/qwen_config.h"
#include "parallel/communicator.h"
#include "trainer/checkpoint/train_state.h"

namespace genesis::trainer {

/// What a checkpoint is made of. It is a model folder other programs can read (weights in the family's own
/// names, config.json, tokenizer files) with three more files: optimizer.safetensors, trainer_state.json,
/// train_config.yaml.
struct CheckpointParts {
  nn::Module& model;
  optim::AdamW& optimizer;
  const models::QwenConfig& config;
  std::filesystem::path tokenizer;  ///< qwen.tiktoken or a folder of tokenizer files, copied along
  std::string resolved_config;      ///< text of train_config.yaml
};

/// Rank 0 writes OUTPUT_DIR/checkpoint-STEP and removes what exceeds `keep`; the others wait. Collective.
/// Errors: DiskError on every rank when rank 0 could not write; earlier checkpoints are untouched.
void save_checkpoint(const std::filesystem::path& output_dir, const CheckpointParts& parts,
                     const TrainState& state, int64_t keep, parallel::Communicator& ranks);

/// Fills model and optimizer from `resume`: a checkpoint's path; "auto": the newest one under output_dir that
/// can be read (one that cannot is named in a warning and the one before is taken); "none": nothing.
/// Collective. Returns the state, or nothing when there is no checkpoint to resume. Errors: CheckpointError
/// naming the file when the path given, or every checkpoint there is, cannot be read.
std::optional<TrainState> resume_checkpoint(const std::filesystem::path& output_dir,
                                            const std::string& resume, const CheckpointParts& parts,
                                            parallel::Communicator& ranks);

}  // namespace genesis::trainer
