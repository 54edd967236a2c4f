#pragma once
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace genesis::models {

/// The folders that hold models: those of `path` (separated by ':', as $PATH), in order; ./models when it
/// names none.
std::vector<std::filesystem::path> model_roots(std::string_view path);

/// The folders that hold models on this machine: those of $GENESIS_MODELS, or ./models when it is not set;
/// behind them the cache of Hugging Face's tools ($HF_HUB_CACHE, else $HF_HOME/hub, else
/// ~/.cache/huggingface/hub).
std::vector<std::filesystem::path> default_model_roots();

/// The folder of a model below one root, if it is there with a config.json. `name` is NAME or OWNER/NAME, the
/// owner being Qwen where none is given:
///   ROOT/NAME, ROOT/OWNER/NAME, or as Hugging Face's tools leave it:
///   ROOT/models--OWNER--NAME/snapshots/REVISION (also below ROOT/hub), REVISION being what refs/main says,
///   else the only one there is.
/// Errors: CheckpointError naming the folder when several snapshots are there and refs/main names none.
std::optional<std::filesystem::path> find_model_folder(const std::filesystem::path& root,
                                                       std::string_view name);

}  // namespace genesis::models
