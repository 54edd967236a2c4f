#pragma once
#include <string>

namespace genesis::trainer {

/// Lines from a file descriptor, without the line feed; the last one may lack it.
class LineReader {
 public:
  enum class Result { line, end, interrupted };

  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  /// The next line into `line`. `interrupted` when a signal came first; what was typed before it is dropped.
  /// Errors: genesis::DataError when reading fails.
  Result next(std::string& line);

 private:
  int descriptor_;
  std::string pending_;
  bool at_end_ = false;
};

}  // namespace genesis::trainer
