#pragma once
#include <filesystem>
#include <vector>

#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// What the entries of `dataset` or `eval_dataset` name.
struct DatasetFiles {
  std::vector<std::filesystem::path> files;  ///< chat files, in order; a pattern gives its matches by name
  std::vector<size_t> entry;                 ///< [files]: index of the entry that named it
  std::filesystem::path prepared;            ///< a folder of shards, where the key names one instead of files
};

/// Resolves the entries of a key: files, patterns (`data/*.jsonl.gz`), or one folder that `genesis prepare`
/// made. Errors: ConfigError naming key and entry: no such file, a pattern without a match, a folder without
/// shards, a
///   folder beside other entries.
DatasetFiles dataset_files(const TrainConfig& config, const char* key);

}  // namespace genesis::trainer
