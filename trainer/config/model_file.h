#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "models/config/qwen_config.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// True for a path that ends in .yaml or .yml: a model from scratch, not a checkpoint's folder.
bool names_model_file(const std::string& path);

/// True for the canonical name of a key of ModelSection.
bool is_model_key(const std::string& name);

/// A model YAML such as configs/qwen1/qwen1_7B.yaml: model keys only, at the top or under `model:`.
/// Returns: a config in which only `model` and `origins` say something. Errors: as apply_entries.
TrainConfig read_model_file(const std::filesystem::path& path, std::vector<std::string>& notices);

/// The shape a run from scratch trains: the YAML that model_name_or_path names, if it does, changed by the
/// inline keys. max_position_embeddings is max_seq_len where nothing says it.
/// Errors: ConfigError naming file:line and key for keys that are missing or do not fit each other.
models::QwenConfig model_from_scratch(const TrainConfig& config, std::vector<std::string>& notices);

}  // namespace genesis::trainer
