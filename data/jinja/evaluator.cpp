#include "data/jinja/evaluator.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/jinja/text_methods.h"
#include "data/tokenizer/vocabulary.h"

namespace genesis::data::jinja {
namespace {

using EK = Expression::Kind;

constexpr size_t kMostSteps = 1'000'000, kMostBytes = size_t{64} << 20;

}  // namespace

std::string printed(const Value& v) {
  if (const auto* s = v.as<std::string>()) return *s;
  if (v.is_undefined()) return {};
  if (v.as<None>()) return "None";
  if (const bool* b = v.as<bool>()) return *b ? "True" : "False";
  if (const auto* i = v.as<int64_t>()) return std::to_string(*i);
  if (const auto* f = v.as<double>())
    return *f == std::floor(*f) ? fmt::format("{:.1f}", *f) : fmt::format("{}", *f);
  throw DataError("{} cannot be printed; use tojson", v.kind());
}

void Evaluator::spend(int line, size_t bytes) {
  if (++steps_ > kMostSteps) refuse(line, "the template takes more than {} steps", kMostSteps);
  bytes_ += bytes;
  if (bytes_ > kMostBytes) refuse(line, "the template makes more than {} bytes of text", kMostBytes);
}

const Value* Evaluator::find(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto found = scope->find(name); found != scope->end()) return &found->second;
  return nullptr;
}

Value Evaluator::text(int line, std::string s) {
  spend(line, s.size());
  return s;
}

int64_t Evaluator::integer(const Value& v, int line, std::string_view what) const {
  if (const bool* b = v.as<bool>()) return *b;
  if (!v.as<int64_t>()) refuse(line, "{} is {}, not a whole number", what, v.kind());
  return *v.as<int64_t>();
}

const std::string& Evaluator::string(const Value& v, int line, std::string_view what) const {
  if (!v.as<std::string>()) refuse(line, "{} is {}, not a string", what, v.kind());
  return *v.as<std::string>();
}

std::vector<Value> Evaluator::items_of(const Value& v, int line) {
  if (const auto* l = v.as<List>()) {
    spend(line, (*l)->size() * sizeof(Value));
    return **l;
  }
  std::vector<Value> out;
  if (const auto* d = v.as<Dict>()) {
    for (const auto& [key, value] : (*d)->items) out.push_back(text(line, key));
  } else if (const auto* s = v.as<std::string>()) {
    spend(line, s->size() * sizeof(Value));
    for (const auto c : characters(*s)) out.emplace_back(std::string(c));
  } else if (!v.is_undefined()) {
    refuse(line, "{} cannot be gone through", v.kind());
  }
  return out;
}

Value Evaluator::value(const Expression& e) {
  spend(e.line, 0);
  switch (e.kind) {
    case EK::literal:
      if (const auto* s = e.value.as<std::string>()) spend(e.line, s->size());
      return e.value;
    case EK::name: {
      const Value* found = find(e.word);
      if (!found) return {};
      if (const auto* s = found->as<std::string>()) spend(e.line, s->size());
      return *found;
    }
    case EK::list: {
      std::vector<Value> items;
      for (const auto& p : e.parts) items.push_back(value(*p));
      spend(e.line, items.size() * sizeof(Value));
      return list_of(std::move(items));
    }
    case EK::dict: {
      auto object = std::make_shared<Object>();
      for (size_t i = 0; i + 1 < e.parts.size(); i += 2)
        object->set(string(value(*e.parts[i]), e.line, "a key"), value(*e.parts[i + 1]));
      return Dict(std::move(object));
    }
    case EK::attribute:
      return item(value(*e.parts[0]), e.word, e.line);
    case EK::item:
      return item(value(*e.parts[0]), value(*e.parts[1]), e.line);
    case EK::slice:
      return slice(e);
    case EK::unary: {
      const Value v = value(*e.parts[0]);
      if (e.word == "not") return !v.truth();
      if (const auto* f = v.as<double>()) return e.word == "-" ? -*f : *f;
      const int64_t n = integer(v, e.line, "the operand of " + e.word);
      return e.word == "-" ? -n : n;
    }
    case EK::binary:
      return binary(e);
    case EK::choice:
      if (value(*e.parts[1]).truth()) return value(*e.parts[0]);
      return e.parts[2] ? value(*e.parts[2]) : Value();
    case EK::filter:
      return filter(e);
    case EK::test:
      return test(e);
    case EK::method:
      return method(e);
    case EK::call:
      return call(e);
  }
  return {};
}

Value Evaluator::binary(const Expression& e) {
  const Value a = value(*e.parts[0]);
  if (e.word == "and") return a.truth() ? value(*e.parts[1]) : a;
  if (e.word == "or") return a.truth() ? a : value(*e.parts[1]);
  const Value b = value(*e.parts[1]);
  if (e.word == "==") return equal(a, b);
  if (e.word == "!=") return !equal(a, b);
  if (e.word == "in") return contains(b, a, e.line);
  if (e.word == "not in") return !contains(b, a, e.line);
  if (e.word == "~") return text(e.line, printed(a) + printed(b));
  if (e.word == "+" && a.as<std::string>() && b.as<std::string>())
    return text(e.line, *a.as<std::string>() + *b.as<std::string>());
  if (e.word == "+" && a.as<List>() && b.as<List>()) {
    std::vector<Value> items = items_of(a, e.line);
    for (Value& v : items_of(b, e.line)) items.push_back(std::move(v));
    return list_of(std::move(items));
  }
  const bool numbers = a.is_number() && b.is_number(), strings = a.as<std::string>() && b.as<std::string>();
  if (e.word.find('<') != std::string::npos || e.word.find('>') != std::string::npos) {
    if (!numbers && !strings) refuse(e.line, "{} {} {} has no meaning", a.kind(), e.word, b.kind());
    const int order = strings ? a.as<std::string>()->compare(*b.as<std::string>())
                              : (a.number() > b.number()) - (a.number() < b.number());
    return e.word == "<" ? order < 0 : e.word == "<=" ? order <= 0 : e.word == ">" ? order > 0 : order >= 0;
  }
  if (!numbers) refuse(e.line, "{} {} {} has no meaning", a.kind(), e.word, b.kind());
  return arithmetic(e, a, b);
}

Value Evaluator::arithmetic(const Expression& e, const Value& a, const Value& b) {
  const double x = a.number(), y = b.number();
  if ((e.word == "/" || e.word == "//" || e.word == "%") && y == 0) refuse(e.line, "division by zero");
  if (e.word == "/") return x / y;
  if (!a.as<int64_t>() || !b.as<int64_t>()) {
    if (e.word == "+") return x + y;
    if (e.word == "-") return x - y;
    if (e.word == "*") return x * y;
    return e.word == "//" ? std::floor(x / y) : x - y * std::floor(x / y);
  }
  const int64_t m = *a.as<int64_t>(), n = *b.as<int64_t>();
  int64_t result = 0;
  bool over = false;
  if (e.word == "+") over = __builtin_add_overflow(m, n, &result);
  if (e.word == "-") over = __builtin_sub_overflow(m, n, &result);
  if (e.word == "*") over = __builtin_mul_overflow(m, n, &result);
  if (e.word == "//" || e.word == "%") {
    over = n == -1;  // the least integer has no negative
    if (over) return e.word == "%" ? Value(int64_t{0}) : arithmetic(e, Value(-double(m)), Value(1.0));
    const int64_t floor = m / n - (m % n != 0 && (m < 0) != (n < 0));
    result = e.word == "//" ? floor : m - floor * n;
  }
  if (over) refuse(e.line, "{} {} {} is too large", m, e.word, n);
  return result;
}

bool Evaluator::contains(const Value& container, const Value& item, int line) {
  if (const auto* s = container.as<std::string>())
    return s->find(string(item, line, "what `in` looks for")) != s->npos;
  if (const auto* d = container.as<Dict>())
    return item.as<std::string>() && (*d)->find(*item.as<std::string>()) != nullptr;
  if (const auto* l = container.as<List>()) {
    spend(line, (*l)->size());
    return std::any_of((*l)->begin(), (*l)->end(), [&](const Value& v) { return equal(v, item); });
  }
  refuse(line, "`in` {} has no meaning", container.kind());
}

Value Evaluator::item(const Value& of, const Value& key, int line) {
  if (of.is_undefined())
    refuse(line, "an item of something undefined{}",
           key.as<std::string>() ? ": '" + printable(key.as<std::string>()->substr(0, 60)) + "'" : "");
  if (const auto* d = of.as<Dict>()) {
    const Value* found = key.as<std::string>() ? (*d)->find(*key.as<std::string>()) : nullptr;
    if (!found) return {};
    if (const auto* s = found->as<std::string>()) spend(line, s->size());
    return *found;
  }
  if (key.as<std::string>()) return {};  // an attribute that this value does not have
  int64_t i = integer(key, line, "an index");
  if (const auto* l = of.as<List>()) {
    const auto n = int64_t((*l)->size());
    if (i < 0) i += n;
    return i < 0 || i >= n ? Value() : (**l)[size_t(i)];
  }
  if (const auto* s = of.as<std::string>()) {
    spend(line, s->size());
    const auto all = characters(*s);
    if (i < 0) i += int64_t(all.size());
    return i < 0 || i >= int64_t(all.size()) ? Value() : Value(std::string(all[size_t(i)]));
  }
  refuse(line, "{} has no items", of.kind());
}

Value Evaluator::slice(const Expression& e) {
  const Value of = value(*e.parts[0]);
  if (!of.as<List>() && !of.as<std::string>()) refuse(e.line, "{} cannot be sliced", of.kind());
  const std::vector<Value> items = items_of(of, e.line);
  const auto n = int64_t(items.size());
  const auto bound = [&](size_t part, int64_t otherwise) {
    return e.parts[part] ? integer(value(*e.parts[part]), e.line, "a bound of a slice") : otherwise;
  };
  const int64_t step = bound(3, 1);
  if (step == 0) refuse(e.line, "the step of a slice is 0");
  const auto placed = [&](int64_t at) {  // as Python's slice.indices
    if (at < 0) at = at < -n ? -1 : at + n;
    return step > 0 ? std::clamp<int64_t>(at, 0, n) : std::clamp<int64_t>(at, -1, n - 1);
  };
  const int64_t begin = e.parts[1] ? placed(bound(1, 0)) : step > 0 ? 0 : n - 1;
  const int64_t end = e.parts[2] ? placed(bound(2, 0)) : step > 0 ? n : -1;
  std::vector<Value> out;
  for (int64_t i = begin; step > 0 ? i < end : i > end;) {
    out.push_back(items[size_t(i)]);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  if (of.as<List>()) return list_of(std::move(out));
  std::string joined;
  for (const Value& c : out) joined += *c.as<std::string>();
  return text(e.line, std::move(joined));
}

std::vector<Value> Evaluator::arguments(const Expression& e, size_t first) {
  std::vector<Value> out;
  for (size_t i = first; i < e.parts.size(); ++i) out.push_back(value(*e.parts[i]));
  return out;
}

Value Evaluator::filter(const Expression& e) {
  const Value v = value(*e.parts[0]);
  const auto args = arguments(e, 1);
  const std::string& w = e.word;
  const size_t most = w == "default" || w == "d" ? 2 : w == "join" ? 1 : 0;
  if (args.size() > most || (!e.names.empty() && most < 2))
    refuse(e.line, "the filter '{}' with {} arguments is not known", w, args.size());
  if (w == "default" || w == "d") {
    const bool also_false = args.size() > 1 && args[1].truth();
    const Value otherwise = args.empty() ? Value("") : args[0];
    return v.is_undefined() || (also_false && !v.truth()) ? otherwise : v;
  }
  if (w == "trim")
    return text(e.line, std::string(strip(string(v, e.line, "what is trimmed"), {}, true, true)));
  if (w == "tojson") return text(e.line, to_json(v));
  if (w == "string") return text(e.line, printed(v));
  if (w == "int") {
    if (v.is_number()) return std::abs(v.number()) < 9e18 ? Value(int64_t(v.number())) : Value(int64_t{0});
    int64_t n = 0;
    const std::string& s = string(v, e.line, "what `int` takes");
    std::from_chars(s.data(), s.data() + s.size(), n);
    return n;
  }
  if (v.is_undefined() && (w == "first" || w == "last")) return {};
  const auto items = items_of(v, e.line);
  if (w == "length" || w == "count") return int64_t(items.size());
  if (w == "first") return items.empty() ? Value() : items.front();
  if (w == "last") return items.empty() ? Value() : items.back();
  if (w == "list") return list_of(items);
  std::string joined;
  const std::string between = args.empty() ? "" : string(args[0], e.line, "what `join` puts between");
  for (size_t i = 0; i < items.size(); ++i) {
    joined += (i ? between : "") + printed(items[i]);
    spend(e.line, between.size());
  }
  return text(e.line, std::move(joined));
}

bool Evaluator::test(const Expression& e) {
  const Value v = value(*e.parts[0]);
  const std::string& w = e.word;
  if (w == "defined") return !v.is_undefined();
  if (w == "undefined") return v.is_undefined();
  if (w == "none") return v.as<None>();
  if (w == "string") return v.as<std::string>();
  if (w == "mapping") return v.as<Dict>();
  if (w == "boolean") return v.as<bool>();
  if (w == "true") return v.as<bool>() && *v.as<bool>();
  if (w == "false") return v.as<bool>() && !*v.as<bool>();
  if (w == "integer") return v.as<int64_t>();
  if (w == "number") return v.is_number() || v.as<bool>();
  return v.as<List>() || v.as<Dict>() || v.as<std::string>();  // sequence, iterable
}

Value Evaluator::method(const Expression& e) {
  const Value v = value(*e.parts[0]);
  const auto args = arguments(e, 1);
  if (!e.names.empty()) refuse(e.line, "named arguments of '{}' are not known", e.word);
  if (const auto* s = v.as<std::string>()) return text_method(e, *s, args);
  const auto* d = v.as<Dict>();
  if (!d) refuse(e.line, "{} has no method '{}'", v.kind(), e.word);
  if (e.word == "get" && (args.size() == 1 || args.size() == 2)) {
    const Value* found = (*d)->find(string(args[0], e.line, "a key"));
    return found ? *found : args.size() == 2 ? args[1] : Value(None{});
  }
  if (!args.empty() || (e.word != "items" && e.word != "keys" && e.word != "values"))
    refuse(e.line, "a dict has no method '{}' with {} arguments", e.word, args.size());
  std::vector<Value> out;
  spend(e.line, (*d)->items.size() * sizeof(Value) * 3);
  for (const auto& [key, item] : (*d)->items)
    out.push_back(e.word == "keys" ? Value(key) : e.word == "values" ? item : list_of({Value(key), item}));
  return list_of(std::move(out));
}

Value Evaluator::text_method(const Expression& e, const std::string& s, const std::vector<Value>& args) {
  const std::string& w = e.word;
  const auto argument = [&](size_t i) -> const std::string& {
    return string(args[i], e.line, "the argument of " + w);
  };
  if ((w == "startswith" || w == "endswith") && args.size() == 1)
    return w == "startswith" ? s.starts_with(argument(0)) : s.ends_with(argument(0));
  if ((w == "strip" || w == "lstrip" || w == "rstrip") && args.size() <= 1) {
    if (!args.empty() && argument(0).empty()) return text(e.line, s);
    return text(e.line, std::string(strip(s, args.empty() ? "" : argument(0), w != "rstrip", w != "lstrip")));
  }
  if (w == "split" && args.size() <= 1) {
    if (!args.empty() && argument(0).empty()) refuse(e.line, "an empty separator");
    spend(e.line, s.size() * sizeof(Value));
    std::vector<Value> parts;
    for (std::string& part : split(s, args.empty() ? "" : argument(0))) parts.emplace_back(std::move(part));
    return list_of(std::move(parts));
  }
  if (w == "replace" && args.size() == 2) {
    if (argument(0).empty()) refuse(e.line, "replace of an empty string is not known");
    spend(e.line, s.size() / argument(0).size() * argument(1).size());
    return text(e.line, replace(s, argument(0), argument(1)));
  }
  refuse(e.line, "a string has no method '{}' with {} arguments", w, args.size());
}

Value Evaluator::call(const Expression& e) {
  const auto args = arguments(e, 0);
  if (e.word == "raise_exception") {
    const std::string why = args.empty() ? "" : printed(args[0]);
    refuse(e.line, "the template refuses: {}", printable(why.substr(0, 200)));
  }
  if (e.word == "namespace") {
    if (args.size() != e.names.size()) refuse(e.line, "namespace() takes named values");
    auto object = std::make_shared<Object>();
    object->is_namespace = true;
    for (size_t i = 0; i < args.size(); ++i) object->set(e.names[i], args[i]);
    return Dict(std::move(object));
  }
  if (args.empty() || args.size() > 2 || !e.names.empty()) refuse(e.line, "range() takes one or two numbers");
  const int64_t first = args.size() == 2 ? integer(args[0], e.line, "a bound") : 0,
                end = integer(args.back(), e.line, "a bound");
  std::vector<Value> out;
  for (int64_t i = first; i < end; ++i) {
    spend(e.line, sizeof(Value));
    out.emplace_back(i);
  }
  return list_of(std::move(out));
}

}  // namespace genesis::data::jinja
