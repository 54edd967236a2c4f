#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace genesis::data::jinja {

struct Undefined {};
struct None {};
class Value;
using List = std::shared_ptr<const std::vector<Value>>;

/// Keys in the order they were given. A namespace() is the one whose attributes `set` may change.
struct Object {
  std::vector<std::pair<std::string, Value>> items;
  bool is_namespace = false;

  const Value* find(std::string_view key) const;
  void set(const std::string& key, Value value);
};
using Dict = std::shared_ptr<Object>;

/// A value of a template: Python's none, bool, int, float, str, list, dict, and Jinja's undefined.
class Value {
 public:
  Value() = default;
  Value(None v) : held_(v) {}
  Value(bool v) : held_(v) {}
  Value(int64_t v) : held_(v) {}
  Value(double v) : held_(v) {}
  Value(std::string v) : held_(std::move(v)) {}
  Value(const char* v) : held_(std::string(v)) {}
  Value(List v) : held_(std::move(v)) {}
  Value(Dict v) : held_(std::move(v)) {}

  template <class T>
  const T* as() const {
    return std::get_if<T>(&held_);
  }
  bool is_undefined() const { return as<Undefined>() != nullptr; }
  /// Python's truth: false, 0, none, undefined and what is empty are false.
  bool truth() const;
  bool is_number() const { return as<int64_t>() || as<double>(); }
  double number() const { return as<int64_t>() ? double(*as<int64_t>()) : *as<double>(); }
  /// "a string", "a list", … for messages.
  std::string_view kind() const;

 private:
  std::variant<Undefined, None, bool, int64_t, double, std::string, List, Dict> held_;
};

/// Python's ==. Lists and dicts are compared item by item.
bool equal(const Value& a, const Value& b, int depth = 0);

/// A list; a dict of pairs.
Value list_of(std::vector<Value> items);
Value dict_of(std::vector<std::pair<std::string, Value>> items);

/// JSON as Python's json.dumps(value, ensure_ascii=False) writes it: ", " and ": " between items.
std::string to_json(const Value& value, int depth = 0);

}  // namespace genesis::data::jinja
