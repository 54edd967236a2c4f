#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "trainer/config/choices.h"
#include "trainer/config/entry.h"

namespace genesis::trainer {

/// Allowed numbers.
struct Range {
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
  bool lowest_excluded = false;
  bool highest_excluded = false;

  bool contains(double x) const;
  /// ">= 1", "> 0 and < 1"; "" when every number is allowed.
  std::string describe() const;
};

// Readers of one typed value. Errors: ConfigError "<where>: key '<key>' must be …, is '<text>'".
bool read_boolean(const Entry& entry);
int64_t read_integer(const Entry& entry, const Range& range);
double read_real(const Entry& entry, const Range& range);
std::string read_text(const Entry& entry);               ///< a missing value is ""
std::vector<std::string> read_list(const Entry& entry);  ///< a list, or words separated by commas
/// Index into `texts`; `names` is what the message offers.
size_t read_choice(const Entry& entry, const std::vector<std::string>& texts,
                   const std::vector<std::string>& names);
std::string write_list(const std::vector<std::string>& items);
std::vector<double> read_reals(const Entry& entry, const Range& range);  ///< a list of numbers

/// How a member of type T is read, written and described; one specialisation for each kind of key.
template <class T>
struct ValueType;

template <>
struct ValueType<bool> {
  static constexpr bool kBareFlag = true;
  static std::string describe() { return "true or false"; }
  static bool read(const Entry& e, const Range&) { return read_boolean(e); }
  static std::optional<std::string> write(bool v) { return v ? "true" : "false"; }
};

template <>
struct ValueType<int64_t> {
  static constexpr bool kBareFlag = false;
  static std::string describe() { return "integer"; }
  static int64_t read(const Entry& e, const Range& r) { return read_integer(e, r); }
  static std::optional<std::string> write(int64_t v) { return std::to_string(v); }
};

template <>
struct ValueType<double> {
  static constexpr bool kBareFlag = false;
  static std::string describe() { return "number"; }
  static double read(const Entry& e, const Range& r) { return read_real(e, r); }
  static std::optional<std::string> write(double v);
};

template <>
struct ValueType<std::string> {
  static constexpr bool kBareFlag = false;
  static std::string describe() { return "text"; }
  static std::string read(const Entry& e, const Range&) { return read_text(e); }
  static std::optional<std::string> write(const std::string& v);
};

template <>
struct ValueType<std::vector<std::string>> {
  static constexpr bool kBareFlag = false;
  static std::string describe() { return "list"; }
  static std::vector<std::string> read(const Entry& e, const Range&) { return read_list(e); }
  static std::optional<std::string> write(const std::vector<std::string>& v) {
    return v.empty() ? std::nullopt : std::optional(write_list(v));
  }
};

template <>
struct ValueType<std::vector<double>> {
  static constexpr bool kBareFlag = false;
  static std::string describe() { return "list of numbers"; }
  static std::vector<double> read(const Entry& e, const Range& r) { return read_reals(e, r); }
  static std::optional<std::string> write(const std::vector<double>& v);
};

template <class E>
requires std::is_enum_v<E>
struct ValueType<E> {
  static constexpr bool kBareFlag = false;
  static std::string describe() {
    std::string s;
    for (const auto& name : names_of<E>()) s += (s.empty() ? "" : " | ") + name;
    return s;
  }
  static E read(const Entry& e, const Range&) {
    std::vector<std::string> texts;
    for (const auto& s : spellings<E>()) texts.emplace_back(s.text);
    return spellings<E>()[read_choice(e, texts, names_of<E>())].value;
  }
  static std::optional<std::string> write(E v) { return std::string(spelling_of(v)); }
};

/// An absent value may also be written as null.
template <class T>
struct ValueType<std::optional<T>> {
  static constexpr bool kBareFlag = ValueType<T>::kBareFlag;
  static std::string describe() { return ValueType<T>::describe(); }
  static std::optional<T> read(const Entry& e, const Range& r) {
    if (e.value.kind == Value::Kind::null) return std::nullopt;
    return ValueType<T>::read(e, r);
  }
  static std::optional<std::string> write(const std::optional<T>& v) {
    return v ? ValueType<T>::write(*v) : std::nullopt;
  }
};

}  // namespace genesis::trainer
