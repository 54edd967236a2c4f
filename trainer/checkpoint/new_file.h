#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "trainer/checkpoint/file_layer.h"

namespace genesis::trainer {

/// A file of a checkpoint being written: new, appended to, synced, closed; every return looked at.
///   A failed sync is never tried again: the system may have dropped the pages and would then report success.
/// Errors: DiskError naming the path and the system's reason; with bytes needed and free when space ran out.
class NewFile {
 public:
  NewFile(FileLayer& files, const std::filesystem::path& path);
  ~NewFile();  ///< closes what finish() did not
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(const void* data, int64_t bytes);
  void write(std::string_view text) { write(text.data(), int64_t(text.size())); }
  /// Syncs and closes.
  void finish();

 private:
  FileLayer& files_;
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Throws DiskError "PATH: WHAT: reason", with needed and free bytes when `error` means that space ran out.
[[noreturn]] void throw_disk_error(FileLayer& files, const std::filesystem::path& path, std::string_view what,
                                   int64_t error, int64_t needed = 0);

/// Writes and syncs a whole file.
void write_new_file(FileLayer& files, const std::filesystem::path& path, std::string_view text);
/// Errors: DiskError naming the folder.
void sync_folder(FileLayer& files, const std::filesystem::path& folder);
/// Removes a folder and the plain files and folders in it. Errors: DiskError naming the first path that
/// stays.
void remove_tree(FileLayer& files, const std::filesystem::path& folder);

}  // namespace genesis::trainer
