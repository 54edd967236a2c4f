#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/formats/byte_stream.h"
#include "data/formats/record_error.h"

namespace genesis::data {

/// A file read forward once, byte by byte through a block buffer, that knows where it is.
///   A UTF-8 byte order mark at the beginning is passed over; gzip and Zstandard are decompressed.
/// Errors: as ByteStream; DataError for a file in UTF-16.
class TextSource {
 public:
  explicit TextSource(std::filesystem::path path);
  /// Bytes in memory, which must outlive it; `name` is for messages.
  TextSource(std::string_view bytes, std::filesystem::path name);

  bool at_end() { return next_ == end_ && !fill(); }
  /// The next byte; only where !at_end().
  char peek() const { return *next_; }
  /// Takes the next byte; only where !at_end().
  char take() {
    const char c = *next_++;
    last_ = here_;
    if (c == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((uint8_t(c) & 0xC0) != 0x80) {
      ++here_.column;
    } else if (last_.column > 1) {
      --last_.column;  // a byte inside a character stands where the character does
    }
    return c;
  }
  /// Takes spaces, tabs and line ends.
  void skip_space();
  /// Takes the rest of the line, without its end.
  void skip_line();

  SourcePosition position() const { return here_; }       ///< of the next byte
  SourcePosition last_position() const { return last_; }  ///< of the byte taken last
  const std::filesystem::path& path() const { return stream_.path(); }
  /// Bytes of the file read so far, as they lie on disk.
  int64_t file_bytes() const { return stream_.file_bytes(); }

  /// `file:line:column: reason`.
  RecordError error(SourcePosition at, std::string_view reason, Fault fault = Fault::syntax) const;

 private:
  void begin();
  bool fill();

  ByteStream stream_;
  std::vector<char> block_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  SourcePosition here_, last_;
};

}  // namespace genesis::data
