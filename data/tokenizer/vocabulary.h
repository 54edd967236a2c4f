#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::data {

/// The ordinary tokens: byte strings with ranks 0, 1, 2, ...; the rank is both the token's id and its
/// priority.
///   Looked up by rank or by bytes in constant time (a flat table with the first eight bytes in the slot).
///   Holds all 256 single bytes, no empty and no repeated token. Immutable, so threads may share it.
class Vocabulary {
 public:
  static constexpr int32_t kNone = -1;

  /// The vocabulary with tokens[rank] = bytes.
  /// Errors: genesis::DataError "`name`: ..." for an empty or repeated token, a missing single byte, or too
  /// many
  ///   tokens (2^24 or more).
  explicit Vocabulary(const std::vector<std::string>& tokens, std::string_view name = "vocabulary");

  int32_t size() const { return int32_t(begin_.size()) - 1; }
  /// The bytes of a rank in [0, size()).
  std::string_view bytes(int32_t rank) const {
    return {text_.data() + begin_[size_t(rank)], begin_[size_t(rank) + 1] - begin_[size_t(rank)]};
  }
  /// The rank of these bytes, or kNone.
  int32_t find(std::string_view bytes) const {
    return bytes.size() > longest_ || bytes.empty() ? kNone : find(bytes, hash(bytes));
  }
  int32_t find(std::string_view bytes, uint64_t hash) const;
  int32_t byte_token(uint8_t byte) const { return byte_tokens_[byte]; }
  size_t longest() const { return longest_; }

  /// The hash that `find` takes; for bytes that are not empty.
  static uint64_t hash(std::string_view bytes);
  /// Up to eight bytes from the front as one little-endian number, zero above; for bytes that are not empty.
  static uint64_t first_bytes(std::string_view bytes);

 private:
  struct Slot {
    uint64_t first = 0;  // up to eight bytes of the token, little-endian
    uint32_t length = 0;
    int32_t rank = kNone;
  };

  std::string text_;           // all tokens, one after the other
  std::vector<size_t> begin_;  // [size + 1]
  std::vector<Slot> slots_;    // [a power of two]
  uint64_t mask_ = 0;
  size_t longest_ = 0;
  std::array<int32_t, 256> byte_tokens_;
};

/// The 256 bytes in the order in which GPT-2 and Qwen number the single-byte tokens:
/// 0x21..0x7E, 0xA1..0xAC, 0xAE..0xFF, then 0x00..0x20, 0x7F..0xA0, 0xAD.
const std::array<uint8_t, 256>& byte_order();

/// A token made safe to print in a message: printable ASCII as it is, other bytes as \xNN.
std::string printable(std::string_view bytes);

}  // namespace genesis::data
