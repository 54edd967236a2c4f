#pragma once
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace genesis::models {

/// The folders that hold models: those of `path` (separated by ':', as $PATH), in order; ./models when it
/// names none.
std::vector<std::filesystem::path> model_roots(std::string_view path);

/// The folder of a released model below one root, if it is there with a config.json:
///   ROOT/NAME, ROOT/Qwen/NAME, or as Hugging Face's tools leave it:
///   ROOT/models--Qwen--NAME/snapshots/REVISION (also below ROOT/hub), REVISION being what refs/main says,
///   else the only one there is.
/// Errors: CheckpointError naming the folder when several snapshots are there and refs/main names none.
std::optional<std::filesystem::path> find_model_folder(const std::filesystem::path& root,
                                                       std::string_view name);

}  // namespace genesis::models
