#pragma once
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

/// Tells which neighbouring characters of a text some token of the vocabulary may hold together.
///   Where none can, byte pair encoding never merges across, so both sides may be encoded on their own:
///   Chinese clauses fall into words of one to three characters. A hashed set; it errs only towards "may".
class JoinFilter {
 public:
  explicit JoinFilter(const Vocabulary& vocabulary);

  /// `left` and `right`: neighbouring code points; `last` and `first`: the bytes that meet between them.
  bool may_join(uint32_t left, uint32_t right, uint8_t last, uint8_t first) const {
    const uint32_t h = hash(left, right);
    return (characters_[h >> 6] >> (h & 63) & 1) || broken_[size_t(last) << 8 | first];
  }

 private:
  static constexpr int kBits = 19;
  static uint32_t hash(uint32_t left, uint32_t right) {
    return uint32_t((uint64_t(left) << 21 | right) * 0x9e3779b97f4a7c15ull >> (64 - kBits));
  }

  std::vector<uint64_t> characters_;  // [2^kBits bits] neighbours that stand whole in a token
  std::bitset<1 << 16> broken_;       // [256, 256] bytes that meet in a token where one character is cut
};

}  // namespace genesis::data
