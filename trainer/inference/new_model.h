#pragma once
#include <cstdint>
#include <filesystem>

#include "models/config/qwen_config.h"

namespace genesis::trainer {

struct NewModelOptions {
  std::filesystem::path config;     ///< model YAML, config.json, or a folder that holds one
  std::filesystem::path out;        ///< must not exist, or be an empty folder
  std::filesystem::path tokenizer;  ///< file or folder; empty: none is written
  uint64_t seed = 42;
  DType dtype = DType::f32;  ///< of the stored weights
};

/// Writes a model folder with the initial values of pre-training (models/qwen/initialise.h), in the names of
/// its family, and its tokenizer. Returns the model's config.
/// Errors: ConfigError naming file, line and key, also when the vocabulary does not fit or `out` exists;
/// DataError of the tokenizer's files; DiskError.
models::QwenConfig write_new_model(const NewModelOptions& options);

/// The shape that a model YAML, a config.json or a folder with one describes.
/// Errors: ConfigError naming file, line and key.
models::QwenConfig read_model_config(const std::filesystem::path& path);

}  // namespace genesis::trainer
