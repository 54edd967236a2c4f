#include "data/tokenizer/byte_alphabet.h"

#include <array>

#include "data/tokenizer/utf8.h"
#include "data/tokenizer/vocabulary.h"

namespace genesis::data {
namespace {

constexpr size_t kShownBytes = 188;  // the first of byte_order(), which stand for themselves
constexpr size_t kCharacters = 256 + 256 - kShownBytes;

struct Alphabet {
  std::array<uint32_t, 256> character;
  std::array<int, kCharacters> byte;

  Alphabet() {
    byte.fill(-1);
    for (size_t i = 0; i < 256; ++i) {
      const uint8_t b = byte_order()[i];
      character[b] = i < kShownBytes ? b : uint32_t(256 + i - kShownBytes);
      byte[character[b]] = b;
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  for (const char b : bytes) append_utf8(alphabet().character[uint8_t(b)], out);
  return out;
}

std::optional<std::string> from_byte_alphabet(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = read_utf8(text);
    if (!step.valid || step.code_point >= kCharacters || alphabet().byte[step.code_point] < 0) return {};
    out.push_back(char(alphabet().byte[step.code_point]));
    text.remove_prefix(size_t(step.length));
  }
  return out;
}

}  // namespace genesis::data
