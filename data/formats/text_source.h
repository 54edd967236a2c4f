#pragma once
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernels/core/error.h"

namespace genesis::data {

/// A place in a file, both counted from 1. Columns count characters (UTF-8 continuation bytes do not count).
struct SourcePosition {
  int64_t line = 1;
  int64_t column = 1;
};

/// A file read forward once, byte by byte through a block buffer, that knows where it is.
///   A UTF-8 byte order mark at the beginning is passed over.
/// Errors: DataError naming the file when it cannot be opened or read, or is no regular file.
class TextSource {
 public:
  explicit TextSource(std::filesystem::path path);

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
    }
    return c;
  }
  /// Takes spaces, tabs and line ends.
  void skip_space();

  SourcePosition position() const { return here_; }       ///< of the next byte
  SourcePosition last_position() const { return last_; }  ///< of the byte taken last
  const std::filesystem::path& path() const { return path_; }

  /// `file:line:column: reason`.
  DataError error(SourcePosition at, std::string_view reason) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  bool fill();

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> block_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  SourcePosition here_, last_;
};

}  // namespace genesis::data
