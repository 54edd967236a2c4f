#pragma once
#include <filesystem>
#include <string>

#include "autograd/nn/module.h"
#include "autograd/optim/adamw.h"
#include "models/config/qwen_config.h"

namespace genesis::trainer {

/// What a checkpoint is made of, on one rank. It is a model folder other programs can read (weights in the
/// family's own names, config.json, tokenizer files) with the optimizer's moments, state.json,
/// train_config.yaml and MANIFEST.json beside them.
struct CheckpointParts {
  nn::Module& model;
  optim::AdamW& optimizer;
  const models::QwenConfig& config;
  std::filesystem::path tokenizer;  ///< qwen.tiktoken or a folder of tokenizer files, copied along
  std::string resolved_config;      ///< text of train_config.yaml
};

/// Whose checkpoints these are; see Manifest.
struct Lineage {
  std::string run;
  int64_t generation = 1;
  int64_t previous_step = -1;
};

}  // namespace genesis::trainer
