#include "trainer/checkpoint/publish.h"

#include <cerrno>
#include <string>
#include <vector>

#include "kernels/core/error.h"
#include "kernels/core/log.h"
#include "trainer/checkpoint/checkpoint_folder.h"
#include "trainer/checkpoint/new_file.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

fs::path aside_path(const fs::path& folder) {
  return folder.parent_path() / fmt::format(".{}.removed", folder.filename().string());
}

void rename_or_throw(FileLayer& files, const fs::path& from, const fs::path& to) {
  if (const int status = files.rename(from.string(), to.string()); status < 0)
    throw_disk_error(files, from, fmt::format("cannot be renamed to {}", to.string()), status);
}

/// Removed under another name: a crash half-way leaves nothing that looks like a checkpoint.
void remove_checkpoint(FileLayer& files, const fs::path& folder) {
  const fs::path aside = aside_path(folder);
  remove_tree(files, aside);
  rename_or_throw(files, folder, aside);
  remove_tree(files, aside);
}

}  // namespace

fs::path checkpoint_path(const fs::path& output_dir, int64_t step) {
  return output_dir / fmt::format("checkpoint-{}", step);
}

fs::path partial_path(const fs::path& output_dir, int64_t step) {
  return output_dir / fmt::format(".checkpoint-{}.partial", step);
}

void begin_checkpoint(FileLayer& files, const fs::path& output_dir, int64_t step) {
  const fs::path partial = partial_path(output_dir, step);
  if (fs::exists(partial)) {
    // An exchange that was not synced could be undone by a power loss, after what is removed here is gone.
    sync_folder(files, output_dir);
    remove_tree(files, partial);
  }
  if (const int status = files.make_folder(partial.string()); status < 0)
    throw_disk_error(files, partial, "cannot be made", status);
}

void publish_checkpoint(FileLayer& files, const fs::path& output_dir, const Manifest& manifest,
                        bool& renamed) {
  const fs::path partial = partial_path(output_dir, manifest.step),
                 target = checkpoint_path(output_dir, manifest.step);
  write_new_file(files, partial / kManifestName, write_manifest(manifest));
  sync_folder(files, partial);
  renamed = true;
  if (!fs::exists(target)) {
    rename_or_throw(files, partial, target);
    sync_folder(files, output_dir);
    return;
  }
  const int exchanged = files.exchange(partial.string(), target.string());
  if (exchanged < 0 && exchanged != -EINVAL && exchanged != -ENOSYS)
    throw_disk_error(files, target, "cannot be exchanged with the new checkpoint", exchanged);
  if (exchanged < 0) {
    remove_tree(files, aside_path(target));
    rename_or_throw(files, target, aside_path(target));
    rename_or_throw(files, partial, target);
  }
  sync_folder(files, output_dir);
  remove_tree(files, exchanged < 0 ? aside_path(target) : partial);
}

void write_latest(FileLayer& files, const fs::path& output_dir, int64_t step) {
  const fs::path fresh = output_dir / ".LATEST.partial";
  try {
    if (fs::exists(fresh)) files.remove_file(fresh.string());
    write_new_file(files, fresh, checkpoint_path(output_dir, step).filename().string() + "\n");
    rename_or_throw(files, fresh, output_dir / "LATEST");
  } catch (const DiskError& e) {
    warn("the hint LATEST was not written: {}", e.what());
  }
}

void remove_old_checkpoints(FileLayer& files, const fs::path& output_dir, int64_t keep, int64_t newest,
                            int64_t best) {
  if (keep <= 0) return;
  const auto all = list_checkpoints(output_dir);
  for (size_t i = 0; i + size_t(keep) < all.size(); ++i) {
    if (all[i].step == newest || all[i].step == best) continue;
    try {
      remove_checkpoint(files, all[i].path);
    } catch (const DiskError& e) {
      warn("old checkpoint {} could not be removed: {}", all[i].path.string(), e.what());
    }
  }
}

void remove_leftovers(FileLayer& files, const fs::path& output_dir) {
  std::vector<fs::path> left;
  std::error_code error;
  for (fs::directory_iterator it(output_dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(".checkpoint-") && (name.ends_with(".partial") || name.ends_with(".removed")))
      left.push_back(it->path());
  }
  if (left.empty()) return;
  try {
    sync_folder(files, output_dir);  // as in begin_checkpoint
    for (const fs::path& path : left) remove_tree(files, path);
  } catch (const DiskError& e) {
    warn("what a broken-off save left could not be removed: {}", e.what());
  }
}

}  // namespace genesis::trainer
