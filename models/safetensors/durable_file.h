#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace genesis::models {

/// A file written beside its target and published by one rename. Move-only.
///   publish(): fsync, rename, fsync of the folder. A failed fsync is never tried again: its pages may be
///   lost. Destroyed without publish(): the temporary file is removed.
/// Errors: DiskError naming the target, the system's reason and, when the disk is full, bytes needed and
/// free.
class DurableFile {
 public:
  explicit DurableFile(const std::filesystem::path& target);
  ~DurableFile();
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&&) = delete;

  /// Reserves `bytes` on the disk, so that a full disk is noticed before any work.
  void reserve(int64_t bytes);
  void write_at(int64_t offset, const void* data, int64_t bytes);
  void publish();

 private:
  [[noreturn]] void fail(const char* what, int error, int64_t bytes = 0) const;

  std::filesystem::path target_, temporary_;
  int fd_ = -1;
};

/// Writes a small text file durably.
void write_text_file(const std::filesystem::path& target, std::string_view text);

}  // namespace genesis::models
