#include "data/samples/draw.h"

namespace genesis::data::samples {

uint32_t Draw::below(uint32_t n) {
  const auto words = philox(stream_.seed, stream_.stream, next_ / 4);
  const uint32_t word = words[next_ % 4];
  ++next_;
  return uint32_t((uint64_t(word) * n) >> 32);
}

}  // namespace genesis::data::samples
