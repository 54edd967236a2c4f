#include "models/qwen/model_search.h"

#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

namespace fs = std::filesystem;

bool is_model(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "config.json", ignored);
}

/// The snapshot of a folder in Hugging Face's cache.
std::optional<fs::path> snapshot_of(const fs::path& cached) {
  std::error_code ignored;
  const fs::path snapshots = cached / "snapshots";
  if (!fs::is_directory(snapshots, ignored)) return std::nullopt;
  std::string revision;
  std::ifstream(cached / "refs" / "main") >> revision;
  if (!revision.empty() && revision.find('/') == std::string::npos && is_model(snapshots / revision))
    return snapshots / revision;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(snapshots))
    if (is_model(entry.path())) found.push_back(entry.path());
  if (found.size() > 1)
    throw CheckpointError("{}: {} snapshots, and refs/main names none of them; give the folder of one",
                          snapshots.string(), found.size());
  return found.empty() ? std::nullopt : std::optional(found[0]);
}

}  // namespace

std::vector<fs::path> model_roots(std::string_view path) {
  std::vector<fs::path> roots;
  while (!path.empty()) {
    const size_t end = std::min(path.find(':'), path.size());
    if (end > 0) roots.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  if (roots.empty()) roots.emplace_back("models");
  return roots;
}

std::vector<fs::path> default_model_roots() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  auto roots = model_roots(set("GENESIS_MODELS"));
  if (const auto cache = set("HF_HUB_CACHE"); !cache.empty()) {
    roots.emplace_back(cache);
  } else if (const auto home = set("HF_HOME"); !home.empty()) {
    roots.push_back(fs::path(home) / "hub");
  } else if (const auto user = set("HOME"); !user.empty()) {
    roots.push_back(fs::path(user) / ".cache/huggingface/hub");
  }
  return roots;
}

std::optional<fs::path> find_model_folder(const fs::path& root, std::string_view name) {
  const size_t slash = name.find('/');
  const std::string owner(slash == std::string_view::npos ? "Qwen" : name.substr(0, slash)),
      own(slash == std::string_view::npos ? name : name.substr(slash + 1));
  if (owner.empty() || own.empty() || owner[0] == '.' || own.find('/') != std::string::npos)
    return std::nullopt;
  for (const auto& folder : {root / name, root / owner / own})
    if (is_model(folder)) return folder;
  const std::string cached = fmt::format("models--{}--{}", owner, own);
  for (const auto& folder : {root / cached, root / "hub" / cached})
    if (auto found = snapshot_of(folder)) return found;
  return std::nullopt;
}

}  // namespace genesis::models
