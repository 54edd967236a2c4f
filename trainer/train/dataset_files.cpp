#include "trainer/train/dataset_files.h"

#include <glob.h>

#include <string_view>

#include "data/shards/manifest.h"
#include "kernels/core/error.h"

namespace genesis::trainer {
namespace fs = std::filesystem;
namespace {

/// Matches of a shell pattern, in the order of their names.
std::vector<fs::path> matches_of(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return paths;
}

}  // namespace

DatasetFiles dataset_files(const TrainConfig& config, const char* key) {
  const bool training = std::string_view(key) == "dataset";
  const auto& entries = training ? config.dataset : config.eval_dataset;
  DatasetFiles result;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& name = entries[i];
    if (data::is_shard_folder(name)) {
      if (entries.size() > 1)
        throw ConfigError("{}: {} holds prepared shards and must be the only entry", config.about(key), name);
      result.prepared = name;
      continue;
    }
    std::vector<fs::path> files;
    if (fs::is_regular_file(name)) files.emplace_back(name);
    if (files.empty() && name.find_first_of("*?[") != std::string::npos) {
      files = matches_of(name);
      if (files.empty()) throw ConfigError("{}: no file matches {}", config.about(key), name);
    }
    if (fs::is_directory(name))
      throw ConfigError("{}: {} is a folder without shards (manifest.json)", config.about(key), name);
    if (files.empty()) throw ConfigError("{}: {} is not a file", config.about(key), name);
    for (fs::path& file : files) {
      result.files.push_back(std::move(file));
      result.entry.push_back(i);
    }
  }
  return result;
}

}  // namespace genesis::trainer
