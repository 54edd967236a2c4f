#include "trainer/config/value_types.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/core/error.h"
#include "trainer/config/scalar.h"
#include "trainer/config/suggest.h"

namespace genesis::trainer {
namespace {

[[noreturn]] void wrong_type(const Entry& entry, const char* wanted) {
  if (entry.value.kind == Value::Kind::null) throw ConfigError("{} has no value", entry.about());
  throw ConfigError("{} must be {}, is {}", entry.about(), wanted,
                    entry.value.kind == Value::Kind::quoted ? "the text \"" + entry.value.text + "\""
                                                            : entry.value.shown());
}

template <class T>
T checked(const Entry& entry, std::optional<T> value, const Range& range, const char* wanted) {
  if (!value) wrong_type(entry, wanted);
  if (!range.contains(static_cast<double>(*value)))
    throw ConfigError("{} is {}, must be {}", entry.about(), entry.value.text, range.describe());
  return *value;
}

std::string trim(const std::string& text) {
  const auto from = text.find_first_not_of(" \t");
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

}  // namespace

bool Range::contains(double x) const {
  return (lowest_excluded ? x > lowest : x >= lowest) && (highest_excluded ? x < highest : x <= highest);
}

std::string Range::describe() const {
  std::string s;
  if (lowest > -std::numeric_limits<double>::infinity())
    s = (lowest_excluded ? "> " : ">= ") + write_real(lowest);
  if (highest < std::numeric_limits<double>::infinity())
    s += (s.empty() ? "" : " and ") + std::string(highest_excluded ? "< " : "<= ") + write_real(highest);
  return s;
}

bool read_boolean(const Entry& entry) {
  const auto value = entry.value.kind == Value::Kind::plain ? parse_boolean(entry.value.text) : std::nullopt;
  if (!value) wrong_type(entry, "true or false");
  return *value;
}

int64_t read_integer(const Entry& entry, const Range& range) {
  const bool plain = entry.value.kind == Value::Kind::plain;
  return checked(entry, plain ? parse_integer(entry.value.text) : std::nullopt, range, "an integer");
}

double read_real(const Entry& entry, const Range& range) {
  const bool plain = entry.value.kind == Value::Kind::plain;
  return checked(entry, plain ? parse_real(entry.value.text) : std::nullopt, range, "a number");
}

std::string read_text(const Entry& entry) {
  if (entry.value.kind == Value::Kind::list) wrong_type(entry, "one text");
  return entry.value.text;
}

std::vector<std::string> read_list(const Entry& entry) {
  std::vector<std::string> items = entry.value.items;
  if (entry.value.kind == Value::Kind::quoted) items = {entry.value.text};
  if (entry.value.kind == Value::Kind::plain) {
    for (size_t from = 0; from <= entry.value.text.size();) {
      const size_t comma = std::min(entry.value.text.find(',', from), entry.value.text.size());
      items.push_back(trim(entry.value.text.substr(from, comma - from)));
      from = comma + 1;
    }
  }
  if (std::find(items.begin(), items.end(), "") != items.end())
    throw ConfigError("{} has an empty item", entry.about());
  return items;
}

size_t read_choice(const Entry& entry, const std::vector<std::string>& texts,
                   const std::vector<std::string>& names) {
  const std::string wanted = fmt::format("one of {}", fmt::join(names, ", "));
  if (entry.value.kind == Value::Kind::null || entry.value.kind == Value::Kind::list)
    wrong_type(entry, wanted.c_str());
  std::string text = entry.value.text;
  if (const auto flag = parse_boolean(text)) text = *flag ? "true" : "false";
  const auto found = std::find(texts.begin(), texts.end(), text);
  if (found == texts.end())
    throw ConfigError("{} is '{}', must be {}{}", entry.about(), text, wanted, did_you_mean(text, names));
  return static_cast<size_t>(found - texts.begin());
}

std::string write_list(const std::vector<std::string>& items) {
  std::string s = "[";
  for (const auto& item : items) s += (s.size() > 1 ? ", " : "") + write_text(item);
  return s + "]";
}

std::vector<double> read_reals(const Entry& entry, const Range& range) {
  std::vector<double> values;
  for (const std::string& item : read_list(entry)) {
    const auto value = parse_real(item);
    if (!value) throw ConfigError("{} must be a list of numbers, has '{}'", entry.about(), item);
    if (!range.contains(*value))
      throw ConfigError("{} has {}, must be {}", entry.about(), item, range.describe());
    values.push_back(*value);
  }
  return values;
}

std::optional<std::string> ValueType<std::vector<double>>::write(const std::vector<double>& v) {
  std::string s;
  for (const double x : v) s += (s.empty() ? "[" : ", ") + write_real(x);
  return v.empty() ? std::nullopt : std::optional(s + "]");
}

std::optional<std::string> ValueType<double>::write(double v) { return write_real(v); }

std::optional<std::string> ValueType<std::string>::write(const std::string& v) {
  return v.empty() ? std::nullopt : std::optional(write_text(v));
}

}  // namespace genesis::trainer
