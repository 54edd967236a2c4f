#include "trainer/config/scalar.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace genesis::trainer {
namespace {

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string lower(std::string_view text) {
  std::string s(text);
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
  return s;
}

bool plain_is_safe(std::string_view text) {
  const auto safe = [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c >= 0x80;
  };
  const auto first = static_cast<unsigned char>(text.empty() ? ' ' : text.front());
  return safe(first) && first != '-' && std::all_of(text.begin(), text.end(), safe) &&
         lower(text) != "null" && !parse_boolean(text) && !parse_real(text);
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string s = lower(text);
  const bool one_case =
      text == s || std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isupper(c); }) ||
      (std::isupper(static_cast<unsigned char>(text[0])) && text.substr(1) == s.substr(1));
  if (!one_case) return std::nullopt;
  if (s == "true" || s == "yes" || s == "on") return true;
  if (s == "false" || s == "no" || s == "off") return false;
  return std::nullopt;
}

std::optional<int64_t> parse_integer(std::string_view text) { return parse_whole<int64_t>(text); }

std::optional<double> parse_real(std::string_view text) {
  const auto value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string write_real(double value) {
  std::string text = fmt::format("{}", value);
  const size_t exponent = text.find('e');  // YAML 1.1 readers take 1e-05 for a word, 1.0e-05 for a number
  if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return text;
}

std::string write_text(std::string_view text) {
  if (plain_is_safe(text)) return std::string(text);
  std::string quoted = "\"";
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c < 0x20 || c == 0x7f)
      quoted += fmt::format("\\x{:02x}", c);
    else
      quoted += static_cast<char>(c);
  }
  return quoted + '"';
}

}  // namespace genesis::trainer
