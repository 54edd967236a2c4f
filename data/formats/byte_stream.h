#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "kernels/core/error.h"

namespace genesis::data {

/// The bytes of a file from the beginning to the end; gzip and Zstandard files (known by their first bytes,
/// not by their names) are decompressed on the way. Errors: DataError naming the file when it cannot be
/// opened or read, is a folder, or its compressed content is damaged or cut off.
class ByteStream {
 public:
  explicit ByteStream(std::filesystem::path path);
  /// Bytes in memory, which must outlive it; `name` is for messages.
  ByteStream(std::string_view bytes, std::filesystem::path name);
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;

  /// Fills the front of `into`. Returns: the number of bytes; 0 at the end only.
  size_t read(std::span<char> into);

  /// Bytes taken from the file so far, as they lie on disk: for a progress bar.
  int64_t file_bytes() const;
  const std::filesystem::path& path() const { return path_; }

  class Decoder;  ///< of one kind of content

 private:
  std::filesystem::path path_;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace genesis::data
