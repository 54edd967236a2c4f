#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace genesis::trainer {

/// What a full check of one checkpoint came to.
struct CheckpointVerdict {
  std::filesystem::path path;
  int64_t tensors = 0, files = 0, bytes = 0;  ///< as the manifest lists them
  std::vector<std::string> damage;            ///< a line each; empty: as it was written
  double seconds = 0;

  /// A line for a good one; for a damaged one a line for each damage.
  std::string text() const;
};

/// Checks every byte of a checkpoint, or of every checkpoint in a run's output folder.
/// Errors: CheckpointRefused for a newer format; ConfigError when there is no checkpoint at `path`.
std::vector<CheckpointVerdict> verify_checkpoints_at(const std::filesystem::path& path);

/// What a checkpoint says of its run and of its files: step, run, samples, ranks, tensors; empty for a folder
/// without a manifest. `all_slices` adds a line for each. Errors: CheckpointError when it is damaged.
std::string checkpoint_text(const std::filesystem::path& folder, bool all_slices);

}  // namespace genesis::trainer
