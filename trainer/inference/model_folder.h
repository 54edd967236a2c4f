#pragma once
#include <filesystem>

namespace genesis::trainer {

/// The model folder a path on the command line means: the folder itself when it holds config.json, otherwise
/// the newest checkpoint-STEP in it (a run's output_dir). What is no path may be a name, "Qwen-1_8B-Chat" or
/// "Qwen/Qwen-1_8B-Chat": it is looked for in models::default_model_roots().
/// Errors: ConfigError naming the path when it does not exist, is a file, or holds neither.
std::filesystem::path model_folder(const std::filesystem::path& path);

}  // namespace genesis::trainer
