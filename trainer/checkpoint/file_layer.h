#pragma once
#include <cstdint>
#include <string>

namespace genesis::trainer {

/// The operations a save makes on the file system, so that tests can fail, record or cut short any of them.
/// Errors: none is thrown; each call returns a negative errno when it failed. Thread-safe: no state.
class FileLayer {
 public:
  virtual ~FileLayer() = default;

  /// Makes a new file for writing; one that is there is an error. Returns a descriptor.
  virtual int create(const std::string& path);
  /// Appends; returns the bytes written, which may be fewer than asked.
  virtual int64_t write(int file, const void* data, int64_t bytes);
  virtual int sync(int file_or_folder);
  virtual int close(int file_or_folder);
  virtual int make_folder(const std::string& path);
  /// A descriptor of a folder, to sync it.
  virtual int open_folder(const std::string& path);
  virtual int rename(const std::string& from, const std::string& to);
  /// Swaps the names of two folders at once. -EINVAL or -ENOSYS where the file system cannot.
  virtual int exchange(const std::string& a, const std::string& b);
  virtual int remove_file(const std::string& path);
  virtual int remove_folder(const std::string& path);  ///< an empty one
  /// Bytes a user may still write to the file system of `path`.
  virtual int64_t free_bytes(const std::string& path);
};

/// The system's own calls.
FileLayer& system_files();

}  // namespace genesis::trainer
