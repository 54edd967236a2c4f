#include "data/tokenizer/base64.h"

#include <array>
#include <cstdint>

namespace genesis::data {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> values{};
  for (auto& v : values) v = -1;
  for (size_t i = 0; i < kAlphabet.size(); ++i) values[uint8_t(kAlphabet[i])] = int8_t(i);
  return values;
}
constexpr std::array<int8_t, 256> kValues = make_values();

}  // namespace

bool decode_base64(std::string_view word, std::string& out) {
  out.clear();
  if (word.size() % 4 != 0) return false;
  for (size_t i = 0; i < word.size(); i += 4) {
    const bool last = i + 4 == word.size();
    const int padding = !last ? 0 : word[i + 3] != '=' ? 0 : word[i + 2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (int k = 0; k < 4; ++k) {
      const int value = k >= 4 - padding ? 0 : kValues[uint8_t(word[i + k])];
      if (value < 0) return false;
      bits = bits << 6 | uint32_t(value);
    }
    if (bits & ((1u << (8 * padding)) - 1)) return false;
    for (int k = 0; k < 3 - padding; ++k) out.push_back(char(bits >> (16 - 8 * k)));
  }
  return true;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < n ? uint8_t(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out.push_back(k <= n ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

}  // namespace genesis::data
