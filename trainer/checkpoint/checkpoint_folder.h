#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace genesis::trainer {

/// A published checkpoint of a run: OUTPUT_DIR/checkpoint-STEP.
struct CheckpointEntry {
  int64_t step = 0;
  std::filesystem::path path;
};

/// The checkpoints under a run's folder, oldest first. A folder still being written has another name.
std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& output_dir);

/// Publishes OUTPUT_DIR/checkpoint-STEP: `write` fills a folder of another name, which is synced and renamed
/// when it returns; on an error that folder is removed and what was there before stays. Returns the published
/// path. Errors: those of `write`; DiskError naming the path.
std::filesystem::path publish_checkpoint(const std::filesystem::path& output_dir, int64_t step,
                                         const std::function<void(const std::filesystem::path&)>& write);

/// Removes the oldest checkpoints until `keep` are left; keep = 0 keeps all.
void remove_old_checkpoints(const std::filesystem::path& output_dir, int64_t keep);

}  // namespace genesis::trainer
