#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/tokenizer/tokenizer.h"
#include "models/qwen/model.h"
#include "trainer/config/train_config.h"
#include "trainer/train/precision.h"

namespace genesis::trainer {

/// What model_name_or_path and the model keys come to.
struct ModelSource {
  models::QwenConfig config;
  std::filesystem::path weights;    ///< folder of safetensors; empty: initialised from the seed
  std::filesystem::path tokenizer;  ///< file or folder
};

/// Reads the model's config (not its weights).
/// Errors: ConfigError naming the key and path.
ModelSource find_model(const TrainConfig& config);

/// The tokenizer, checked against the model: every id it can make must have a row in the embedding.
/// Errors: DataError of the files; ConfigError when the vocabulary does not fit, with both sizes.
data::Tokenizer load_tokenizer(const ModelSource& source);

/// The model on `device` with its weights loaded, or initialised from `seed`. Parameters in
/// precision.parameters. Split over the ranks of `tp`: collective over its group.
/// Errors: CheckpointError naming file and tensor; ConfigError when the model cannot be split.
std::unique_ptr<models::QwenModel> load_model(const ModelSource& source, const PrecisionPlan& precision,
                                              uint64_t seed, const parallel::TensorParallel& tp = {},
                                              Device device = Device::cpu);

}  // namespace genesis::trainer
