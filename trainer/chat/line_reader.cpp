#include "trainer/chat/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/core/error.h"

namespace genesis::trainer {

LineReader::Result LineReader::next(std::string& line) {
  size_t end = pending_.find('\n');
  while (end == std::string::npos && !at_end_) {
    char block[4096];
    const ssize_t n = ::read(descriptor_, block, sizeof block);
    if (n < 0 && errno == EINTR) {
      pending_.clear();
      return Result::interrupted;
    }
    if (n < 0) throw DataError("<stdin>: cannot be read: {}", std::strerror(errno));
    if (n == 0) at_end_ = true;
    const size_t before = pending_.size();
    pending_.append(block, size_t(n));
    end = pending_.find('\n', before);
  }
  if (end == std::string::npos && pending_.empty()) return Result::end;
  line = pending_.substr(0, end);
  pending_.erase(0, end == std::string::npos ? end : end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return Result::line;
}

}  // namespace genesis::trainer
