#include "data/jinja/template.h"

#include "data/jinja/evaluator.h"

namespace genesis::data::jinja {
namespace {

using SK = Statement::Kind;

/// Runs statements and collects what they print.
class Renderer {
 public:
  explicit Renderer(std::string_view name) : values_(name) {}

  void run(const Body& body) {
    for (const Statement& s : body) run(s);
  }

  Evaluator& values() { return values_; }
  std::string& out() { return out_; }

 private:
  void run(const Statement& s) {
    switch (s.kind) {
      case SK::text:
        print(s, s.word);
        break;
      case SK::output:
        print(s, printed_here(s, values_.value(*s.parts[0])));
        break;
      case SK::branch:
        for (size_t i = 0; i < s.bodies.size(); ++i)
          if (i >= s.parts.size() || values_.value(*s.parts[i]).truth()) return run(s.bodies[i]);
        break;
      case SK::loop:
        loop(s);
        break;
      case SK::set:
        set(s);
    }
  }

  void print(const Statement& s, std::string_view text) {
    values_.spend(s.line, text.size());
    out_ += text;
  }
  std::string printed_here(const Statement& s, const Value& v) const {
    if (v.as<List>() || v.as<Dict>()) values_.refuse(s.line, "{} cannot be printed; use tojson", v.kind());
    return printed(v);
  }

  void bind(const Statement& s, const Value& item) {
    if (s.names.size() == 1) return values_.set(s.names[0], item);
    const auto* parts = item.as<List>();
    if (!parts || (*parts)->size() != s.names.size())
      values_.refuse(s.line, "{} names for an item that is {}", s.names.size(), item.kind());
    for (size_t i = 0; i < s.names.size(); ++i) values_.set(s.names[i], (**parts)[i]);
  }

  void loop(const Statement& s) {
    std::vector<Value> items = values_.items_of(values_.value(*s.parts[0]), s.line);
    values_.open_scope();
    if (s.parts.size() > 1) {
      std::vector<Value> kept;
      for (Value& item : items) {
        bind(s, item);
        if (values_.value(*s.parts[1]).truth()) kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    const auto n = int64_t(items.size());
    for (int64_t i = 0; i < n; ++i) {
      values_.spend(s.line, 0);
      values_.close_scope();  // what one round sets, the next does not see
      values_.open_scope();
      bind(s, items[size_t(i)]);
      values_.set("loop", dict_of({{"index0", i},
                                   {"index", i + 1},
                                   {"revindex", n - i},
                                   {"revindex0", n - i - 1},
                                   {"first", i == 0},
                                   {"last", i + 1 == n},
                                   {"length", n},
                                   {"previtem", i > 0 ? items[size_t(i - 1)] : Value()},
                                   {"nextitem", i + 1 < n ? items[size_t(i + 1)] : Value()}}));
      run(s.bodies[0]);
    }
    values_.close_scope();
    if (n == 0 && s.bodies.size() > 1) run(s.bodies[1]);
  }

  void set(const Statement& s) {
    Value v = values_.value(*s.parts[0]);
    if (s.names.size() == 1) return values_.set(s.names[0], std::move(v));
    const Value* target = values_.find(s.names[0]);
    const auto* object = target ? target->as<Dict>() : nullptr;
    if (!object || !(*object)->is_namespace) values_.refuse(s.line, "'{}' is no namespace", s.names[0]);
    if (v.as<List>() || v.as<Dict>())
      values_.refuse(s.line, "an attribute of a namespace must be a plain value, not {}", v.kind());
    (*object)->set(s.names[1], std::move(v));
  }

  Evaluator values_;
  std::string out_;
};

}  // namespace

struct Template::Program {
  Body body;
};

Template::Template(std::string_view source, std::string name)
    : name_(std::move(name)), program_(std::make_unique<const Program>(Program{parse(source, name_)})) {}
Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const std::vector<std::pair<std::string, Value>>& variables) const {
  Renderer renderer(name_);
  for (const auto& [name, value] : variables) renderer.values().set(name, value);
  renderer.run(program_->body);
  return std::move(renderer.out());
}

}  // namespace genesis::data::jinja
