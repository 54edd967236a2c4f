#include "data/tokenizer/join_filter.h"

#include <string_view>

#include "data/tokenizer/utf8.h"

namespace genesis::data {
namespace {

bool continues(char byte) { return (uint8_t(byte) & 0xc0) == 0x80; }

}  // namespace

JoinFilter::JoinFilter(const Vocabulary& vocabulary) : characters_(size_t(1) << (kBits - 6)) {
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank) {
    const std::string_view token = vocabulary.bytes(rank);
    Utf8Step left;
    for (size_t begin = 0; begin < token.size();) {
      size_t end = begin + 1;
      while (end < token.size() && continues(token[end])) ++end;
      const std::string_view unit = token.substr(begin, end - begin);
      Utf8Step right = read_utf8(unit);
      right.valid = right.valid && right.length == int(unit.size());
      if (begin > 0 && left.valid && right.valid) {
        const uint32_t h = hash(left.code_point, right.code_point);
        characters_[h >> 6] |= uint64_t(1) << (h & 63);
      } else if (begin > 0) {
        broken_[size_t(uint8_t(token[begin - 1])) << 8 | uint8_t(token[begin])] = true;
      }
      left = right;
      begin = end;
    }
  }
}

}  // namespace genesis::data
