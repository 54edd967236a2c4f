#include "trainer/inference/model_folder.h"

#include "kernels/core/error.h"
#include "models/qwen/model_search.h"
#include "trainer/checkpoint/checkpoint_folder.h"

namespace genesis::trainer {

namespace fs = std::filesystem;

fs::path model_folder(const fs::path& path) {
  if (!fs::exists(path)) {
    std::string looked;
    for (const fs::path& root : models::default_model_roots()) {
      if (const auto found = models::find_model_folder(root, path.string())) return *found;
      looked += (looked.empty() ? "" : ", ") + root.string();
    }
    throw ConfigError("{}: there is no such model folder, and no model of that name in {}", path.string(),
                      looked);
  }
  if (!fs::is_directory(path))
    throw ConfigError("{}: is a file, a model is a folder with config.json and safetensors", path.string());
  if (fs::exists(path / "config.json")) return path;
  const auto checkpoints = list_checkpoints(path);
  if (checkpoints.empty())
    throw ConfigError("{}: holds neither config.json nor a checkpoint-STEP folder", path.string());
  return checkpoints.back().path;
}

}  // namespace genesis::trainer
