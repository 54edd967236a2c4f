#include <algorithm>
#include <charconv>

#include "data/jinja/lexer.h"
#include "data/jinja/syntax.h"
#include "data/tokenizer/vocabulary.h"
#include "kernels/core/error.h"

namespace genesis::data::jinja {
namespace {

using EK = Expression::Kind;
using SK = Statement::Kind;

constexpr int kDeepestExpression = 150, kDeepestBlock = 30;

constexpr std::string_view kFilters[] = {"length", "count", "trim",    "tojson", "string", "int",
                                         "first",  "last",  "default", "d",      "join",   "list"};
constexpr std::string_view kTests[] = {"defined", "undefined", "none",  "string",   "mapping",  "number",
                                       "boolean", "true",      "false", "sequence", "iterable", "integer"};
constexpr std::string_view kMethods[] = {"startswith", "endswith", "split", "strip",  "lstrip", "rstrip",
                                         "replace",    "items",    "keys",  "values", "get"};
constexpr std::string_view kFunctions[] = {"namespace", "raise_exception", "range"};

template <size_t N>
bool holds(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

class Parser {
 public:
  Parser(std::string_view source, std::string_view name) : name_(name), tokens_(tokenize(source, name)) {}

  Body run() {
    Body body = statements({}, 0);
    if (now().kind != Kind::end) refuse("this block ends nothing");
    return body;
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  bool is(std::string_view symbol) const { return now().kind == Kind::symbol && now().text == symbol; }
  bool is_word(std::string_view word) const { return now().kind == Kind::name && now().text == word; }
  bool accept(std::string_view symbol) { return is(symbol) && (take(), true); }
  bool accept_word(std::string_view word) { return is_word(word) && (take(), true); }

  template <class... A>
  [[noreturn]] void refuse(fmt::format_string<A...> why, A&&... args) const {
    throw DataError("{}:{}: {}", name_, now().line, fmt::format(why, std::forward<A>(args)...));
  }
  [[noreturn]] void refuse_here(std::string_view wanted) const {
    constexpr std::string_view kNames[] = {"text", "'{{'", "'}}'", "'{%'", "'%}'"};
    const auto kind = size_t(now().kind);
    refuse("expected {}, found {}", wanted,
           now().kind == Kind::end ? "the end"
           : kind < 5              ? std::string(kNames[kind])
                                   : "'" + shown(now().text) + "'");
  }
  static std::string shown(std::string_view text) { return printable(text.substr(0, 60)); }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) refuse_here(fmt::format("'{}'", symbol));
  }
  std::string name(std::string_view what) {
    if (now().kind != Kind::name) refuse_here(what);
    return take().text;
  }
  void end_block() {
    if (now().kind != Kind::block_end) refuse_here("'%}'");
    take();
  }

  // --- statements

  /// Up to a block whose word is one of `ends` (not taken) or the end.
  Body statements(std::initializer_list<std::string_view> ends, int depth) {
    if (depth > kDeepestBlock) refuse("blocks nest deeper than {} levels", kDeepestBlock);
    Body body;
    while (now().kind != Kind::end) {
      Statement s;
      s.line = now().line;
      if (now().kind == Kind::text) {
        s.word = take().text;
      } else if (now().kind == Kind::output_begin) {
        take();
        s.kind = SK::output;
        s.parts.push_back(expression());
        if (now().kind != Kind::output_end) refuse_here("'}}'");
        take();
      } else {
        if (next().kind == Kind::name && std::find(ends.begin(), ends.end(), next().text) != ends.end())
          return body;
        take();
        block(s, depth);
      }
      body.push_back(std::move(s));
    }
    if (ends.size() > 0) refuse("the template ends before '{}'", *(ends.end() - 1));
    return body;
  }

  void block(Statement& s, int depth) {
    const std::string word = name("a statement");
    if (word == "if") return branch(s, depth);
    if (word == "for") return loop(s, depth);
    if (word == "set") return set(s);
    --at_;
    refuse("the statement '{}' is not known; known are if, for, set", shown(word));
  }

  void branch(Statement& s, int depth) {
    s.kind = SK::branch;
    for (;;) {
      s.parts.push_back(expression());
      end_block();
      s.bodies.push_back(statements({"elif", "else", "endif"}, depth + 1));
      take();  // '{%'
      const std::string word = take().text;
      if (word == "elif") continue;
      end_block();
      if (word == "endif") return;
      s.bodies.push_back(statements({"endif"}, depth + 1));
      take(), take();
      return end_block();
    }
  }

  void loop(Statement& s, int depth) {
    s.kind = SK::loop;
    do s.names.push_back(name("the name of a loop variable"));
    while (accept(","));
    if (!accept_word("in")) refuse_here("'in'");
    s.parts.push_back(or_expression());  // no `a if b` here: `if` filters
    if (accept_word("if")) s.parts.push_back(expression());
    end_block();
    s.bodies.push_back(statements({"else", "endfor"}, depth + 1));
    take();
    const std::string word = take().text;
    end_block();
    if (word == "endfor") return;
    s.bodies.push_back(statements({"endfor"}, depth + 1));
    take(), take();
    end_block();
  }

  void set(Statement& s) {
    s.kind = SK::set;
    s.names.push_back(name("the name of a variable"));
    if (accept(".")) s.names.push_back(name("the name of an attribute"));
    if (!accept("=")) refuse("only `set name = expression` is known, not a block");
    s.parts.push_back(expression());
    end_block();
  }

  // --- expressions, from the loosest binding to the tightest

  ExpressionPointer make(EK kind, int line, std::string word,
                         std::vector<ExpressionPointer> parts = {}) const {
    auto e = std::make_unique<Expression>();
    e->kind = kind;
    e->line = line;
    e->word = std::move(word);
    for (const auto& p : parts) e->depth = std::max(e->depth, p ? p->depth + 1 : 0);
    e->parts = std::move(parts);
    if (e->depth > kDeepestExpression)
      refuse("an expression nests deeper than {} levels", kDeepestExpression);
    return e;
  }
  template <class... P>
  static std::vector<ExpressionPointer> list(P... parts) {
    std::vector<ExpressionPointer> out;
    (out.push_back(std::move(parts)), ...);
    return out;
  }

  /// Counts how deep the parser itself stands, so that brackets cannot exhaust the stack.
  class Nesting {
   public:
    explicit Nesting(Parser& p) : parser_(p) {
      if (++parser_.nesting_ > kDeepestExpression)
        parser_.refuse("an expression nests deeper than {} levels", kDeepestExpression);
    }
    ~Nesting() { --parser_.nesting_; }

   private:
    Parser& parser_;
  };

  ExpressionPointer expression() {
    const Nesting nesting(*this);
    auto value = or_expression();
    if (!is_word("if")) return value;
    const int line = take().line;
    auto condition = or_expression();
    ExpressionPointer otherwise = accept_word("else") ? expression() : nullptr;
    return make(EK::choice, line, "if", list(std::move(value), std::move(condition), std::move(otherwise)));
  }

  ExpressionPointer or_expression() {
    auto left = and_expression();
    while (is_word("or")) left = binary(std::move(left), "or", &Parser::and_expression);
    return left;
  }
  ExpressionPointer and_expression() {
    auto left = not_expression();
    while (is_word("and")) left = binary(std::move(left), "and", &Parser::not_expression);
    return left;
  }
  ExpressionPointer not_expression() {
    if (!is_word("not")) return comparison();
    const Nesting nesting(*this);
    const int line = take().line;
    return make(EK::unary, line, "not", list(not_expression()));
  }

  ExpressionPointer comparison() {
    auto left = sum();
    for (int compared = 0;; ++compared) {
      std::string word;
      if (now().kind == Kind::symbol) {
        for (const char* s : {"==", "!=", "<=", ">=", "<", ">"})
          if (is(s)) word = s;
      } else if (is_word("in")) {
        word = "in";
      } else if (is_word("not") && next().kind == Kind::name && next().text == "in") {
        take();
        word = "not in";
      }
      if (word.empty()) return left;
      if (compared > 0) refuse("a chain of comparisons is not known; write `a < b and b < c`");
      left = binary(std::move(left), word, &Parser::sum);
    }
  }

  ExpressionPointer sum() {
    auto left = product();
    while (is("+") || is("-") || is("~")) left = binary(std::move(left), now().text, &Parser::product);
    return left;
  }
  ExpressionPointer product() {
    auto left = signed_value();
    while (is("*") || is("/") || is("//") || is("%"))
      left = binary(std::move(left), now().text, &Parser::signed_value);
    return left;
  }
  ExpressionPointer signed_value() {
    if (!is("-") && !is("+")) return filtered();
    const Nesting nesting(*this);
    const Token sign = take();
    return make(EK::unary, sign.line, sign.text, list(signed_value()));
  }

  ExpressionPointer binary(ExpressionPointer left, const std::string& word,
                           ExpressionPointer (Parser::*operand)()) {
    const int line = take().line;
    return make(EK::binary, line, word, list(std::move(left), (this->*operand)()));
  }

  /// A value, what follows it (. [ ( ), filters and tests.
  ExpressionPointer filtered() {
    auto value = postfix(primary());
    for (;;) {
      if (accept("|")) {
        const int line = now().line;
        const std::string word = name("the name of a filter");
        if (!holds(kFilters, word)) refuse("the filter '{}' is not known", shown(word));
        value = with_arguments(make(EK::filter, line, word, list(std::move(value))));
      } else if (is_word("is")) {
        const int line = take().line;
        const bool negated = accept_word("not");
        const std::string word = name("the name of a test");
        if (!holds(kTests, word)) refuse("the test '{}' is not known", shown(word));
        value = make(EK::test, line, word, list(std::move(value)));
        if (negated) value = make(EK::unary, line, "not", list(std::move(value)));
      } else {
        return value;
      }
    }
  }

  ExpressionPointer with_arguments(ExpressionPointer call) {
    if (!accept("(")) return call;
    std::vector<ExpressionPointer> parts = std::move(call->parts);
    std::vector<std::string> names;
    while (!accept(")")) {
      if (now().kind == Kind::name && next().kind == Kind::symbol && next().text == "=") {
        names.push_back(take().text);
        take();
      } else if (!names.empty()) {
        refuse("an argument without a name follows one with a name");
      }
      parts.push_back(expression());
      if (!is(")")) expect(",");
    }
    auto out = make(call->kind, call->line, call->word, std::move(parts));
    out->names = std::move(names);
    return out;
  }

  ExpressionPointer postfix(ExpressionPointer value) {
    for (;;) {
      const int line = now().line;
      if (accept(".")) {
        const std::string word = name("the name of an attribute");
        if (!is("(")) {
          value = make(EK::attribute, line, word, list(std::move(value)));
          continue;
        }
        if (!holds(kMethods, word)) refuse("the method '{}' is not known", shown(word));
        value = with_arguments(make(EK::method, line, word, list(std::move(value))));
      } else if (accept("[")) {
        value = subscript(std::move(value), line);
      } else if (is("(")) {
        refuse("only the functions namespace, range and raise_exception are known");
      } else {
        return value;
      }
    }
  }

  ExpressionPointer subscript(ExpressionPointer value, int line) {
    ExpressionPointer bounds[3];
    int colons = 0;
    for (;;) {
      if (accept("]")) break;
      if (accept(":")) {
        if (++colons > 2) refuse("a slice has at most two ':'");
        continue;
      }
      if (bounds[colons]) refuse_here("']'");
      bounds[colons] = expression();
    }
    if (colons > 0)
      return make(EK::slice, line, {},
                  list(std::move(value), std::move(bounds[0]), std::move(bounds[1]), std::move(bounds[2])));
    if (!bounds[0]) refuse("an empty subscript");
    return make(EK::item, line, {}, list(std::move(value), std::move(bounds[0])));
  }

  ExpressionPointer literal(Value value, int line) const {
    auto e = make(EK::literal, line, {});
    e->value = std::move(value);
    return e;
  }

  ExpressionPointer primary() {
    const Token t = now();
    if (t.kind == Kind::string) {
      std::string text;  // 'a' 'b' is one string
      while (now().kind == Kind::string) text += take().text;
      return literal(std::move(text), t.line);
    }
    if (t.kind == Kind::integer || t.kind == Kind::real) {
      take();
      if (t.kind == Kind::real) return literal(std::stod(t.text), t.line);
      int64_t n = 0;
      std::from_chars(t.text.data(), t.text.data() + t.text.size(), n);
      return literal(n, t.line);
    }
    if (t.kind == Kind::name) return name_or_call();
    if (accept("(")) {
      auto inner = expression();
      if (is(",")) refuse("tuples are not known");
      expect(")");
      return inner;
    }
    if (accept("[")) return make(EK::list, t.line, {}, items("]"));
    if (accept("{")) return make(EK::dict, t.line, {}, items("}"));
    refuse_here("a value");
  }

  ExpressionPointer name_or_call() {
    const Token t = take();
    if (t.text == "true" || t.text == "True") return literal(true, t.line);
    if (t.text == "false" || t.text == "False") return literal(false, t.line);
    if (t.text == "none" || t.text == "None") return literal(None{}, t.line);
    if (!is("(")) return make(EK::name, t.line, t.text);
    if (!holds(kFunctions, t.text)) refuse("the function '{}' is not known", shown(t.text));
    return with_arguments(make(EK::call, t.line, t.text));
  }

  std::vector<ExpressionPointer> items(std::string_view close) {
    std::vector<ExpressionPointer> parts;
    while (!accept(close)) {
      parts.push_back(expression());
      if (close == "}") {
        expect(":");
        parts.push_back(expression());
      }
      if (!is(close)) expect(",");
    }
    return parts;
  }

  std::string_view name_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace

Body parse(std::string_view source, std::string_view name) { return Parser(source, name).run(); }

}  // namespace genesis::data::jinja
