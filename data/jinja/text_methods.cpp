#include "data/jinja/text_methods.h"

#include <algorithm>

namespace genesis::data::jinja {
namespace {

/// What Python's str.isspace() holds for, in UTF-8.
bool is_space(std::string_view c) {
  if (c.size() == 1) return (c[0] >= 9 && c[0] <= 13) || (c[0] >= 28 && c[0] <= 32);
  if (c == "\xC2\x85" || c == "\xC2\xA0" || c == "\xE1\x9A\x80" || c == "\xE3\x80\x80") return true;
  if (c == "\xE2\x80\xA8" || c == "\xE2\x80\xA9" || c == "\xE2\x80\xAF" || c == "\xE2\x81\x9F") return true;
  return c.size() == 3 && c.substr(0, 2) == "\xE2\x80" && uint8_t(c[2]) >= 0x80 && uint8_t(c[2]) <= 0x8A;
}

/// Bytes of the character that begins at the front; of what is not UTF-8, one.
size_t first_length(std::string_view s) {
  const auto b = uint8_t(s[0]);
  const size_t n = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
  return std::min(n, s.size());
}

size_t last_length(std::string_view s) {
  size_t n = 1;
  while (n < std::min<size_t>(4, s.size()) && (uint8_t(s[s.size() - n]) & 0xC0) == 0x80) ++n;
  return n;
}

}  // namespace

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    out.push_back(text.substr(0, first_length(text)));
    text.remove_prefix(out.back().size());
  }
  return out;
}

std::string_view strip(std::string_view text, std::string_view set, bool left, bool right) {
  const auto members = characters(set);
  const auto goes = [&](std::string_view c) {
    return set.empty() ? is_space(c) : std::find(members.begin(), members.end(), c) != members.end();
  };
  while (left && !text.empty() && goes(text.substr(0, first_length(text))))
    text.remove_prefix(first_length(text));
  while (right && !text.empty() && goes(text.substr(text.size() - last_length(text))))
    text.remove_suffix(last_length(text));
  return text;
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> out;
  if (!separator.empty()) {
    for (size_t at = 0;;) {
      const size_t end = text.find(separator, at);
      out.emplace_back(text.substr(at, end - at));
      if (end == std::string_view::npos) return out;
      at = end + separator.size();
    }
  }
  std::string word;
  for (const auto c : characters(text)) {
    if (!is_space(c)) {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::string replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at = 0;;) {
    const size_t end = text.find(from, at);
    out += text.substr(at, end - at);
    if (end == std::string_view::npos) return out;
    out += to;
    at = end + from.size();
  }
}

}  // namespace genesis::data::jinja
