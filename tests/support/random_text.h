#pragma once
#include <cstdint>
#include <random>
#include <string>

namespace genesis::testing {

/// Random strings that hit the seams of a tokenizer; the same for the same seed.
class RandomText {
 public:
  explicit RandomText(uint64_t seed) : generator_(seed) {}

  size_t below(size_t n) { return size_t(generator_() % n); }

  /// Any bytes.
  std::string bytes(size_t length) {
    std::string out(length, '\0');
    for (char& c : out) c = char(generator_());
    return out;
  }

  /// Letters, digits, white space, punctuation, marks, contractions and scripts, up to `parts` of them.
  std::string text(size_t parts) {
    static const char* const kParts[] = {"a",
                                         "Z",
                                         "the",
                                         "'s",
                                         "'LL",
                                         "'\u017f",
                                         "'",
                                         "7",
                                         "42",
                                         "\u00bd",
                                         " ",
                                         "  ",
                                         "\t",
                                         "\n",
                                         "\r\n",
                                         "\u00a0",
                                         "\u3000",
                                         "\u2028",
                                         "\u0085",
                                         "\u200b",
                                         "!",
                                         "...",
                                         "-",
                                         "\u00e9",
                                         "e\u0301",
                                         "\u0323\u0302",
                                         "\u4e16\u754c",
                                         "\u1112\u1161\u11ab",
                                         "\u0939\u093f",
                                         "\U0001f600",
                                         "<|im_end|>",
                                         "<|",
                                         "\u212b",
                                         "\u0344",
                                         "\u00c5\u0327",
                                         "\u0660",
                                         "\u2160",
                                         "_"};
    std::string out;
    for (size_t n = below(parts + 1); n > 0; --n) out += kParts[below(std::size(kParts))];
    return out;
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace genesis::testing
