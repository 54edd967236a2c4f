#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace genesis::data {

/// What stands at the front of a byte string.
struct Utf8Step {
  uint32_t code_point = 0;  ///< meaningful when `valid`
  int length = 0;           ///< bytes of the character, or of the ill-formed part to replace; 0 at the end
  bool valid = false;       ///< a well-formed character
  bool truncated = false;   ///< not valid, but more bytes could make it a character
};

/// Reads one character, or the longest ill-formed part that one U+FFFD stands for ("maximal subpart").
/// Source: Unicode 3.9, table 3-7 and "substitution of maximal subparts"; the practice of Python and WHATWG.
Utf8Step read_utf8(std::string_view bytes);

/// Reads one character of text known to be well-formed; `p` is advanced past it.
inline uint32_t read_valid_utf8(const char*& p) {
  const uint32_t a = uint8_t(*p++);
  if (a < 0x80) return a;
  const uint32_t b = uint8_t(*p++) & 0x3f;
  if (a < 0xe0) return (a & 0x1f) << 6 | b;
  const uint32_t c = uint8_t(*p++) & 0x3f;
  if (a < 0xf0) return (a & 0x0f) << 12 | b << 6 | c;
  const uint32_t d = uint8_t(*p++) & 0x3f;
  return (a & 0x07) << 18 | b << 12 | c << 6 | d;
}

void append_utf8(uint32_t code_point, std::string& out);

/// Bytes from the front that are ASCII.
size_t ascii_prefix(std::string_view bytes);

/// Bytes from the front that are well-formed UTF-8.
size_t valid_utf8_prefix(std::string_view bytes);

/// The text with U+FFFD in the place of each ill-formed part: `bytes.decode("utf-8", "replace")` of Python.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace genesis::data
