#include "models/safetensors/folder.h"

#include <algorithm>
#include <map>

#include "models/json/strict_json.h"
#include "models/safetensors/index.h"

namespace genesis::models {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexName = "model.safetensors.index.json";

void check_against_index(const CheckpointFolder& folder, const SafetensorsIndex& index,
                         const fs::path& index_path) {
  const auto refuse = [&](const std::string& why) {
    throw CheckpointError("{}: {}", index_path.string(), why);
  };
  for (const auto& [tensor, shard] : index.shard_of) {
    if (!folder.contains(tensor))
      refuse("tensor '" + tensor + "' is listed in " + shard + ", which does not hold it");
  }
  int64_t total = 0;
  for (const auto& file : folder.files()) {
    const std::string shard = file.path().filename().string();
    for (const auto& t : file.tensors()) {
      total += t.end - t.begin;
      const auto it = index.shard_of.find(t.name);
      if (it == index.shard_of.end()) refuse("tensor '" + t.name + "' of " + shard + " is not listed");
      if (it->second != shard)
        refuse("tensor '" + t.name + "' is listed in " + it->second + " but lies in " + shard);
    }
  }
  if (index.total_size >= 0 && index.total_size != total) {
    refuse(fmt::format("metadata.total_size is {}, the shards hold {} bytes", index.total_size, total));
  }
}

/// The one .safetensors file of a folder without an index.
fs::path single_file(const fs::path& dir) {
  if (fs::exists(dir / "model.safetensors")) return dir / "model.safetensors";
  std::vector<fs::path> tensors, pickles;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() == ".safetensors") tensors.push_back(entry.path());
    if (is_pickle(entry.path())) pickles.push_back(entry.path());
  }
  if (tensors.size() == 1) return tensors[0];
  if (tensors.size() > 1) {
    throw CheckpointError("{}: several .safetensors files but no {}", dir.string(), kIndexName);
  }
  if (!pickles.empty()) refuse_pickle(*std::min_element(pickles.begin(), pickles.end()));
  throw CheckpointError("{}: no model.safetensors and no {} in this folder", dir.string(), kIndexName);
}

}  // namespace

void CheckpointFolder::add(SafetensorsFile file) {
  for (const auto& t : file.tensors()) {
    const auto [it, fresh] = file_of_.emplace(t.name, files_.size());
    if (!fresh) {
      throw CheckpointError("{}: tensor '{}' is also in {}", file.path().string(), t.name,
                            files_[it->second].path().filename().string());
    }
    names_.push_back(t.name);
  }
  files_.push_back(std::move(file));
}

CheckpointFolder CheckpointFolder::open(const fs::path& path) {
  CheckpointFolder folder;
  folder.path_ = path;
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) {
    if (is_pickle(path)) refuse_pickle(path);
    folder.add(SafetensorsFile::open(path));
    return folder;
  }
  if (!fs::is_directory(path, ignored)) throw CheckpointError("{}: no such folder or file", path.string());
  const fs::path index_path = path / kIndexName;
  if (fs::exists(path / "model.safetensors") || !fs::exists(index_path)) {
    folder.add(SafetensorsFile::open(single_file(path)));
    return folder;
  }
  const SafetensorsIndex index = parse_safetensors_index(read_json_text(index_path), index_path.string());
  std::map<std::string, std::string> shards;  // shard -> one tensor listed in it
  for (const auto& [tensor, shard] : index.shard_of) shards.emplace(shard, tensor);
  for (const auto& [shard, tensor] : shards) {
    if (!fs::exists(path / shard)) {
      throw CheckpointError("{}: the shard is missing (it should hold '{}')", (path / shard).string(),
                            tensor);
    }
    folder.add(SafetensorsFile::open(path / shard));
  }
  check_against_index(folder, index, index_path);
  return folder;
}

const SafetensorsFile& CheckpointFolder::file_of(std::string_view name) const {
  const auto it = file_of_.find(std::string(name));
  if (it == file_of_.end()) throw CheckpointError("{}: has no tensor '{}'", path_.string(), name);
  return files_[it->second];
}

}  // namespace genesis::models
