#include "trainer/commands/standard_input.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/core/error.h"

namespace genesis::trainer {

StandardInput::Buffer::int_type StandardInput::Buffer::underflow() {
  ssize_t n = 0;
  do {
    n = ::read(STDIN_FILENO, block_.data(), block_.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) throw DataError("<stdin>: cannot be read: {}", std::strerror(errno));
  if (n == 0) return traits_type::eof();
  setg(block_.data(), block_.data(), block_.data() + n);
  return traits_type::to_int_type(block_[0]);
}

}  // namespace genesis::trainer
