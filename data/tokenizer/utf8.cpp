#include "data/tokenizer/utf8.h"

#include <cstring>

namespace genesis::data {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace

Utf8Step read_utf8(std::string_view bytes) {
  if (bytes.empty()) return {};
  const uint32_t a = uint8_t(bytes[0]);
  if (a < 0x80) return {a, 1, true, false};
  if (a < 0xc2 || a > 0xf4) return {0, 1, false, false};
  const int length = a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
  uint32_t code = a & (0xffu >> (length + 1));
  for (int k = 1; k < length; ++k) {
    if (size_t(k) == bytes.size()) return {0, k, false, true};
    const uint32_t b = uint8_t(bytes[k]);
    uint32_t low = 0x80, high = 0xbf;
    if (k == 1) {  // no overlong forms, no surrogates, nothing past U+10FFFF
      if (a == 0xe0) low = 0xa0;
      if (a == 0xed) high = 0x9f;
      if (a == 0xf0) low = 0x90;
      if (a == 0xf4) high = 0x8f;
    }
    if (b < low || b > high) return {0, k, false, false};
    code = code << 6 | (b & 0x3f);
  }
  return {code, length, true, false};
}

void append_utf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(char(c));
    return;
  }
  if (c < 0x800) {
    out.push_back(char(0xc0 | c >> 6));
  } else {
    if (c < 0x10000) {
      out.push_back(char(0xe0 | c >> 12));
    } else {
      out.push_back(char(0xf0 | c >> 18));
      out.push_back(char(0x80 | (c >> 12 & 0x3f)));
    }
    out.push_back(char(0x80 | (c >> 6 & 0x3f)));
  }
  out.push_back(char(0x80 | (c & 0x3f)));
}

size_t ascii_prefix(std::string_view bytes) {
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    if (word & 0x8080808080808080ull) break;
  }
  while (i < bytes.size() && uint8_t(bytes[i]) < 0x80) ++i;
  return i;
}

size_t valid_utf8_prefix(std::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    if (uint8_t(bytes[i]) < 0x80) {
      i += ascii_prefix(bytes.substr(i));
      continue;
    }
    // Most of the world's text: three bytes, no overlong form, no surrogate.
    const auto* const p = reinterpret_cast<const uint8_t*>(bytes.data()) + i;
    if (bytes.size() - i >= 3 && p[0] > 0xe0 && p[0] < 0xed && (p[1] & 0xc0) == 0x80 &&
        (p[2] & 0xc0) == 0x80) {
      i += 3;
      continue;
    }
    const Utf8Step step = read_utf8(bytes.substr(i));
    if (!step.valid) break;
    i += size_t(step.length);
  }
  return i;
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (true) {
    const size_t valid = valid_utf8_prefix(bytes);
    out.append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) return out;
    out.append(kReplacement);
    bytes.remove_prefix(size_t(read_utf8(bytes).length));
  }
}

}  // namespace genesis::data
