#pragma once
#include <fmt/core.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/jinja/syntax.h"
#include "kernels/core/error.h"

namespace genesis::data::jinja {

/// Values of expressions in one rendering. Variables live in scopes: a loop's own end with it.
class Evaluator {
 public:
  explicit Evaluator(std::string_view name) : name_(name), scopes_(1) {}

  /// Errors: DataError "name:line: …".
  Value value(const Expression& e);
  /// Counts a step, and bytes of text made. Errors: DataError past the bounds.
  void spend(int line, size_t bytes);

  void set(const std::string& name, Value v) { scopes_.back()[name] = std::move(v); }
  const Value* find(const std::string& name) const;
  void open_scope() { scopes_.emplace_back(); }
  void close_scope() { scopes_.pop_back(); }

  template <class... A>
  [[noreturn]] void refuse(int line, fmt::format_string<A...> why, A&&... args) const {
    throw DataError("{}:{}: {}", name_, line, fmt::format(why, std::forward<A>(args)...));
  }
  /// What `for` runs over: the items of a list, the keys of a dict, the characters of a string.
  std::vector<Value> items_of(const Value& v, int line);

 private:
  Value binary(const Expression& e);
  Value arithmetic(const Expression& e, const Value& a, const Value& b);
  bool contains(const Value& container, const Value& item, int line);
  Value item(const Value& of, const Value& key, int line);
  Value slice(const Expression& e);
  Value filter(const Expression& e);
  bool test(const Expression& e);
  Value method(const Expression& e);
  Value text_method(const Expression& e, const std::string& text, const std::vector<Value>& arguments);
  Value call(const Expression& e);
  std::vector<Value> arguments(const Expression& e, size_t first);
  Value text(int line, std::string s);
  int64_t integer(const Value& v, int line, std::string_view what) const;
  const std::string& string(const Value& v, int line, std::string_view what) const;

  std::string_view name_;
  std::vector<std::map<std::string, Value>> scopes_;
  size_t steps_ = 0, bytes_ = 0;
};

/// How {{ }} prints a value. Errors: DataError for a list or dict.
std::string printed(const Value& v);

}  // namespace genesis::data::jinja
