#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace genesis::data {

/// What the pre-tokenizer asks of a character.
enum class CharacterClass : uint8_t {
  other,    ///< everything else: punctuation, symbols, marks, controls, unassigned
  letter,   ///< general category L*
  number,   ///< general category N*
  space,    ///< White_Space other than CR and LF
  newline,  ///< CR or LF
};

/// One byte for each code point: its class, and whether normalisation (NFC) may touch it or its neighbours.
///   Two stages, about 60 kB; built once from utf8proc's Unicode data.
/// Determinism: a function of utf8proc's Unicode version alone (14 in 2.8).
class CharacterTable {
 public:
  /// The one table of the process, built on first use.
  static const CharacterTable& get();

  CharacterClass class_of(uint32_t code_point) const {
    return CharacterClass(entry(code_point) & kClassBits);
  }
  /// True when the character neither changes under NFC nor joins what stands before it: text may be cut
  /// before it, and a text of such characters alone is its own NFC.
  bool stable(uint32_t code_point) const { return !(entry(code_point) & kUnstable); }

 private:
  static constexpr uint8_t kClassBits = 7, kUnstable = 8;
  static constexpr uint32_t kCodePoints = 0x110000;

  CharacterTable();
  uint8_t entry(uint32_t c) const { return blocks_[size_t(block_of_[c >> 8]) << 8 | (c & 0xff)]; }

  std::array<uint16_t, kCodePoints / 256> block_of_;
  std::vector<uint8_t> blocks_;  // [distinct blocks, 256]
};

}  // namespace genesis::data
