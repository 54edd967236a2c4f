#pragma once
#include <filesystem>

namespace genesis::trainer {

/// A folder that appears complete or not at all: filled under another name beside its place, then renamed.
/// What exists is never replaced.
class NewFolder {
 public:
  /// Errors: ConfigError naming `target` when it exists and is not an empty folder; DiskError when the folder
  /// beside it cannot be made.
  explicit NewFolder(const std::filesystem::path& target);
  /// Removes what was not published.
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  /// Where to write until publish().
  const std::filesystem::path& path() const { return temporary_; }
  const std::filesystem::path& target() const { return target_; }
  /// Syncs the folder and gives it its name. Errors: DiskError naming the folder.
  void publish();

 private:
  std::filesystem::path target_, temporary_;
};

}  // namespace genesis::trainer
