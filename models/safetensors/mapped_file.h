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

  /// Hints about a part of bytes(): it will be read at once; it will not be read again soon. The second takes
  /// its pages out of this process, so that a file read from end to end never counts twice beside what was
  /// made of it; the bytes stay readable.
  void will_read(std::string_view part) const;
  void was_read(std::string_view part) const;

 private:
  const char* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace genesis::models
