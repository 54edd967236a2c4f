#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace genesis::models {

/// What model.safetensors.index.json says, checked for its own form only.
struct SafetensorsIndex {
  std::map<std::string, std::string> shard_of;  ///< tensor -> plain file name
  int64_t total_size = -1;                      ///< bytes of all tensors; -1: not stated
};

/// Errors: CheckpointError "`file`: ...": not an index, a shard name that is not the plain name of a
/// .safetensors file, a pickle file (refuse_pickle).
SafetensorsIndex parse_safetensors_index(std::string_view text, const std::string& file);

/// True for a file name that pickled weights have: .bin, .pt, .pth, .pkl, .ckpt.
bool is_pickle(const std::filesystem::path& path);
/// Errors: always a CheckpointError that names the file and says how to convert it.
[[noreturn]] void refuse_pickle(const std::filesystem::path& path);

}  // namespace genesis::models
