#include "data/jinja/value.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernels/core/error.h"

namespace genesis::data::jinja {
namespace {

constexpr int kDeepest = 100;

}  // namespace

const Value* Object::find(std::string_view key) const {
  for (const auto& [name, value] : items)
    if (name == key) return &value;
  return nullptr;
}

void Object::set(const std::string& key, Value value) {
  for (auto& [name, held] : items)
    if (name == key) {
      held = std::move(value);
      return;
    }
  items.emplace_back(key, std::move(value));
}

bool Value::truth() const {
  if (const bool* b = as<bool>()) return *b;
  if (is_number()) return number() != 0;
  if (const auto* s = as<std::string>()) return !s->empty();
  if (const auto* l = as<List>()) return !(*l)->empty();
  if (const auto* d = as<Dict>()) return !(*d)->items.empty() || (*d)->is_namespace;
  return false;
}

std::string_view Value::kind() const {
  constexpr std::string_view kNames[] = {"undefined", "none",     "a truth value", "a number",
                                         "a number",  "a string", "a list",        "a dict"};
  return kNames[held_.index()];
}

bool equal(const Value& a, const Value& b, int depth) {
  if (depth > kDeepest) throw DataError("values nest deeper than {} levels", kDeepest);
  const auto numeric = [](const Value& v) -> Value {
    return v.as<bool>() ? Value(int64_t(*v.as<bool>())) : v;  // Python: True == 1
  };
  const Value x = numeric(a), y = numeric(b);
  if (x.is_number() && y.is_number()) return x.number() == y.number();
  if (x.kind() != y.kind()) return false;
  if (const auto* s = x.as<std::string>()) return *s == *y.as<std::string>();
  if (const auto* l = x.as<List>()) {
    const auto& m = **y.as<List>();
    return (*l)->size() == m.size() &&
           std::equal((*l)->begin(), (*l)->end(), m.begin(),
                      [&](const Value& p, const Value& q) { return equal(p, q, depth + 1); });
  }
  if (const auto* d = x.as<Dict>()) {
    const Object& other = **y.as<Dict>();
    if ((*d)->is_namespace || other.is_namespace) return d->get() == &other;
    return (*d)->items.size() == other.items.size() &&
           std::all_of((*d)->items.begin(), (*d)->items.end(), [&](const auto& item) {
             const Value* found = other.find(item.first);
             return found && equal(item.second, *found, depth + 1);
           });
  }
  return true;  // none and none, undefined and undefined
}

Value list_of(std::vector<Value> items) {
  return List(std::make_shared<const std::vector<Value>>(std::move(items)));
}

Value dict_of(std::vector<std::pair<std::string, Value>> items) {
  return Dict(std::make_shared<Object>(Object{std::move(items), false}));
}

std::string to_json(const Value& v, int depth) {
  if (depth > kDeepest) throw DataError("values nest deeper than {} levels", kDeepest);
  const auto text = [](const std::string& s) {
    return nlohmann::json(s).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  if (v.as<None>()) return "null";
  if (const bool* b = v.as<bool>()) return *b ? "true" : "false";
  if (const auto* i = v.as<int64_t>()) return std::to_string(*i);
  if (const auto* f = v.as<double>()) return nlohmann::json(*f).dump();
  if (const auto* s = v.as<std::string>()) return text(*s);
  std::string out;
  if (const auto* l = v.as<List>()) {
    for (const Value& item : **l) out += (out.empty() ? "" : ", ") + to_json(item, depth + 1);
    return "[" + out + "]";
  }
  if (const auto* d = v.as<Dict>()) {
    for (const auto& [key, item] : (*d)->items)
      out += (out.empty() ? "" : ", ") + text(key) + ": " + to_json(item, depth + 1);
    return "{" + out + "}";
  }
  throw DataError("undefined cannot be written as JSON");
}

}  // namespace genesis::data::jinja
