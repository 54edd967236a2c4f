#pragma once
#include <filesystem>

#include "trainer/checkpoint/file_layer.h"

namespace genesis::trainer {

/// A run's output folder in the hands of one job, as long as this object lives. Rank 0 makes it.
///   Held by a lock of the system on OUTPUT_DIR/.lock, which a killed process cannot leave behind; where the
///   file system has no locks, a warning.
/// Errors: DiskError when the folder cannot be made; ConfigError naming host and process when another job has
/// it;
///   DiskError when the file system refuses fsync or does not rename as POSIX says, so that no checkpoint
///   would be safe there. Nothing that was in the folder is changed.
class OutputFolder {
 public:
  explicit OutputFolder(const std::filesystem::path& path, FileLayer& files = system_files());
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  int lock_ = -1;
};

/// Errors: DiskError naming what the file system of `folder` cannot do.
void check_file_system(FileLayer& files, const std::filesystem::path& folder);

}  // namespace genesis::trainer
