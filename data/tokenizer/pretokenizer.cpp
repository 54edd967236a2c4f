#include "data/tokenizer/pretokenizer.h"

#include <array>

#include "data/tokenizer/utf8.h"

namespace genesis::data {
namespace {

using enum CharacterClass;

constexpr std::array<CharacterClass, 128> make_ascii_classes() {
  std::array<CharacterClass, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    classes[size_t(c)] = is_letter                         ? letter
                         : c >= '0' && c <= '9'            ? number
                         : c == '\r' || c == '\n'          ? newline
                         : c == ' ' || (c >= 9 && c <= 13) ? space
                                                           : other;
  }
  return classes;
}
constexpr std::array<CharacterClass, 128> kAsciiClasses = make_ascii_classes();

/// Bytes of the contraction that begins at the apostrophe `p`, 0 when there is none.
size_t contraction_length(const char* p, const char* end) {
  const auto lower = [&](int i) { return end - p > i ? char(uint8_t(p[i]) | 0x20) : '\0'; };
  switch (lower(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return lower(2) == 'e' ? 3 : 0;
    case 'l':
      return lower(2) == 'l' ? 3 : 0;
    default:  // U+017F, the long s, folds to s
      return end - p > 2 && p[1] == '\xc5' && p[2] == '\xbf' ? 3 : 0;
  }
}

}  // namespace

inline CharacterClass Pretokenizer::next_class(const char*& p) const {
  const uint8_t byte = uint8_t(*p);
  if (byte < 0x80) {
    ++p;
    return kAsciiClasses[byte];
  }
  return table_.class_of(read_valid_utf8(p));
}

inline const char* Pretokenizer::skip(CharacterClass wanted, const char* p, const char* end) const {
  while (p < end) {
    const char* after = p;
    if (next_class(after) != wanted) break;
    p = after;
  }
  return p;
}

const char* Pretokenizer::piece_end(const char* const p, const char* const end) const {
  if (*p == '\'')
    if (const size_t length = contraction_length(p, end)) return p + length;

  const char* q = p;
  const CharacterClass first = next_class(q);
  if (first == letter) return skip(letter, q, end);
  if (first == number) return q;

  const char* after_second = q;
  const CharacterClass second = q < end ? next_class(after_second) : newline;
  if (second == letter && first != newline) return skip(letter, after_second, end);
  if (first == other) return skip(newline, skip(other, q, end), end);
  if (*p == ' ' && second == other) return skip(newline, skip(other, after_second, end), end);

  const char *last_start = p, *after_newline = first == newline ? q : nullptr;
  while (q < end) {
    const char* after = q;
    const CharacterClass c = next_class(after);
    if (c != space && c != newline) break;
    last_start = q;
    q = after;
    if (c == newline) after_newline = q;
  }
  if (after_newline) return after_newline;
  return q == end || last_start == p ? q : last_start;
}

std::vector<std::string_view> Pretokenizer::pieces(std::string_view text) const {
  std::vector<std::string_view> out;
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const char* const stop = piece_end(p, end);
    out.emplace_back(p, size_t(stop - p));
    p = stop;
  }
  return out;
}

}  // namespace genesis::data
