#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

namespace genesis::trainer {

/// A published checkpoint of a run: OUTPUT_DIR/checkpoint-STEP.
struct CheckpointEntry {
  int64_t step = 0;
  std::filesystem::path path;
  int64_t generation = 0;  ///< Manifest::generation, unchecked
};

/// The checkpoints under a run's folder, oldest first: by generation (a run started anew in a used folder has
/// a larger one), then by step. One whose generation cannot be read counts as of the last. A folder still
/// being written has another name.
std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& output_dir);

}  // namespace genesis::trainer
