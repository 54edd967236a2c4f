#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace genesis::models {

/// A whole file mapped read-only into memory. Move-only; unmapped with the object.
/// Errors: CheckpointError naming the file when it cannot be opened, is not a plain file or cannot be mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_t(size_)}; }

  /// Copies `count` bytes from `offset` on by reading the file and not through the mapping: no page of it is
  /// mapped for that, so that a file copied from end to end is not in this process's memory twice. May be
  /// called from several threads. Errors: CheckpointError naming the file when it cannot be read or has
  /// become shorter.
  void read_at(int64_t offset, void* target, int64_t count) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  const char* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace genesis::models
