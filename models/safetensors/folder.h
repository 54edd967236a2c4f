#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/safetensors/file.h"

namespace genesis::models {

/// The weights of a model folder: `model.safetensors`, or the shards that `model.safetensors.index.json`
/// lists.
///   Every shard is opened and checked; the index and the shards must say the same.
class CheckpointFolder {
 public:
  /// `path` is a folder, or one .safetensors file.
  /// Errors: CheckpointError naming file and tensor: no weights, only pickle files (`.bin`, `.pt`: refused,
  /// with how to convert), a shard missing, a tensor listed but absent, present but not listed, or in two
  /// shards, total_size wrong.
  static CheckpointFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<SafetensorsFile>& files() const { return files_; }
  /// All names, shard by shard in the order of their data.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const { return file_of_.contains(std::string(name)); }
  /// The file that holds a tensor. Errors: CheckpointError naming folder and tensor.
  const SafetensorsFile& file_of(std::string_view name) const;
  const StoredTensor& at(std::string_view name) const { return file_of(name).at(name); }
  void read_into(std::string_view name, const Array& dst, const TensorBox& box = {}) const {
    file_of(name).read_into(name, dst, box);
  }
  Array read(std::string_view name) const { return file_of(name).read(name); }

 private:
  void add(SafetensorsFile file);

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> file_of_;
};

}  // namespace genesis::models
