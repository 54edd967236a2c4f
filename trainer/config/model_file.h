#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// True for a path that ends in .yaml or .yml: a model from scratch, not a checkpoint's folder.
bool names_model_file(const std::string& path);

/// True for the canonical name of a key of ModelSection.
bool is_model_key(const std::string& name);

/// A model YAML such as configs/qwen1/qwen1_7B.yaml: model keys only, at the top or under `model:`.
/// Errors: as apply_entries.
ModelSection read_model_file(const std::filesystem::path& path, std::vector<std::string>& notices);

/// `base` with everything that `changes` says instead.
ModelSection overlay(const ModelSection& base, const ModelSection& changes);

/// The model keys a run from scratch uses: the YAML that model_name_or_path names, if it does, changed by the
/// inline keys. max_position_embeddings is max_seq_len where nothing says it.
ModelSection model_from_scratch(const TrainConfig& config, std::vector<std::string>& notices);

}  // namespace genesis::trainer
