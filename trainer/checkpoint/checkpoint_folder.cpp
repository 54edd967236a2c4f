#include "trainer/checkpoint/checkpoint_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "kernels/core/error.h"
#include "kernels/core/log.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "checkpoint-";

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) throw DiskError("{}: {}", folder.string(), std::strerror(errno));
  const int status = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (status != 0) throw DiskError("{}: sync failed: {}", folder.string(), std::strerror(error));
}

/// Removed under another name first: a crash half-way leaves nothing that looks like a checkpoint.
void remove_folder(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  const fs::path doomed = folder.parent_path() / fmt::format(".{}.removed", folder.filename().string());
  fs::remove_all(doomed);
  fs::rename(folder, doomed);
  fs::remove_all(doomed);
}

}  // namespace

std::vector<CheckpointEntry> list_checkpoints(const fs::path& output_dir) {
  std::vector<CheckpointEntry> found;
  if (!fs::is_directory(output_dir)) return found;
  for (const auto& entry : fs::directory_iterator(output_dir)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || !name.starts_with(kPrefix)) continue;
    int64_t step = 0;
    const char *begin = name.data() + kPrefix.size(), *end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(begin, end, step);
    if (error == std::errc() && stop == end && step >= 0) found.push_back({step, entry.path()});
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.step < b.step; });
  return found;
}

fs::path publish_checkpoint(const fs::path& output_dir, int64_t step,
                            const std::function<void(const fs::path&)>& write) {
  const std::string name = fmt::format("{}{}", kPrefix, step);
  const fs::path target = output_dir / name, partial = output_dir / fmt::format(".{}.partial", name);
  try {
    fs::remove_all(partial);
    fs::create_directories(partial);
    write(partial);
    sync_folder(partial);
    remove_folder(target);
    fs::rename(partial, target);
    sync_folder(output_dir);
  } catch (const fs::filesystem_error& e) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    throw DiskError("{}: {}", target.string(), e.what());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    throw;
  }
  return target;
}

void remove_old_checkpoints(const fs::path& output_dir, int64_t keep) {
  if (keep <= 0) return;
  auto all = list_checkpoints(output_dir);
  for (size_t i = 0; i + size_t(keep) < all.size(); ++i) {
    try {
      remove_folder(all[i].path);
    } catch (const fs::filesystem_error& e) {
      warn("old checkpoint {} could not be removed: {}", all[i].path.string(), e.what());
    }
  }
}

}  // namespace genesis::trainer
