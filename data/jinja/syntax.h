#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/jinja/value.h"

namespace genesis::data::jinja {

/// An expression. `word` and `parts` by kind:
///   literal     value
///   name        word: the variable
///   list, tuple parts: items             dict        parts: key, value, key, value, …
///   attribute   parts[0] . word          item        parts[0] [ parts[1] ]
///   slice       parts[0] [ parts[1] : parts[2] : parts[3] ], absent ones null
///   unary       word: not, -, +          binary      word: or and + - * / // % ~ == != < <= > >= in, not in
///   choice      parts[0] if parts[1] else parts[2] (may be null)
///   filter      parts[0] | word (parts[1…])         test   parts[0] is word (parts[1…])
///   method      parts[0] . word (parts[1…])         call   word (parts…)
/// Named arguments (of calls and filters) are the last parts; their names stand in `names`.
struct Expression {
  enum class Kind {
    literal,
    name,
    list,
    dict,
    attribute,
    item,
    slice,
    unary,
    binary,
    choice,
    filter,
    test,
    method,
    call
  };
  Kind kind = Kind::literal;
  int line = 1;
  int depth = 1;  ///< of the tree below
  std::string word;
  Value value;
  std::vector<std::unique_ptr<Expression>> parts;
  std::vector<std::string> names;
};
using ExpressionPointer = std::unique_ptr<Expression>;

struct Statement;
using Body = std::vector<Statement>;

/// A statement.
///   text     word                         output   parts[0]
///   if       parts[i] guards bodies[i]; one body more is the else
///   for      names in parts[0], only where parts[1] if there is one; bodies[0], else bodies[1]
///   set      names[0] [. names[1]] = parts[0]
struct Statement {
  enum class Kind { text, output, branch, loop, set };
  Kind kind = Kind::text;
  int line = 1;
  std::string word;
  std::vector<std::string> names;
  std::vector<ExpressionPointer> parts;
  std::vector<Body> bodies;
};

/// Reads a template. Errors: DataError "`name`:line: …" for what is not Jinja, and for every construct,
/// filter, test, method or function outside the subset (template.h lists it).
Body parse(std::string_view source, std::string_view name);

}  // namespace genesis::data::jinja
