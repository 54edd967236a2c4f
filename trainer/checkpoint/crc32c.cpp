#include "trainer/checkpoint/crc32c.h"

#include <fmt/core.h>
#include <isa-l/crc.h>

#include <algorithm>

namespace genesis::trainer {

uint32_t crc32c(const void* data, int64_t bytes, uint32_t before) {
  constexpr int64_t kPiece = int64_t{1} << 30;  // the library counts in int
  // It takes and returns the inner state and does not write, although its pointer is not const.
  auto* p = static_cast<unsigned char*>(const_cast<void*>(data));
  uint32_t state = ~before;
  while (bytes > 0) {
    const int64_t piece = std::min(bytes, kPiece);
    state = crc32_iscsi(p, int(piece), state);
    p += piece;
    bytes -= piece;
  }
  return ~state;
}

std::string crc32c_text(uint32_t value) { return fmt::format("{:08x}", value); }

}  // namespace genesis::trainer
