#pragma once
#include <filesystem>

namespace genesis::data {

/// An exclusive lock on a folder, held while it lives: between processes and between threads of one. A
/// process that dies gives it back. Errors: DiskError naming the folder.
class FolderLock {
 public:
  /// Makes the folder when it is absent; waits for whoever holds the lock.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace genesis::data
