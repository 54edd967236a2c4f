#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/jinja/value.h"

namespace genesis::data::jinja {

/// A chat template in the part of Jinja that Qwen's templates use. It computes text from values and can do
/// nothing else.
///   {{ expression }}   {% if/elif/else %}   {% for … in … [if …] %} … [else] with loop.index0, index, first,
///   last, length, revindex   {% set x = … %}   {% set ns.x = … %} of a namespace()   {# comment #} literals,
///   lists, dicts, a.b, a[b], a[b:c:d], + - * // / % ~, == != < <= > >=, in, not in, and, or, not, a if b
///   else c filters  length count trim tojson string int first last default d join list tests    defined
///   undefined none string mapping number integer boolean true false sequence iterable methods  startswith
///   endswith split strip lstrip rstrip replace get items keys values functions  namespace(…)  range(…)
///   raise_exception(…)
/// White space is as in Hugging Face's tokenizers: trim_blocks and lstrip_blocks on.
/// Bounds: 1,000,000 steps and 64 MiB of text in all; expressions 150 deep, blocks 30.
/// Source: the Jinja documentation; transformers' apply_chat_template.
class Template {
 public:
  /// Errors: DataError "`name`:line: …" for anything outside this list.
  Template(std::string_view source, std::string name);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  /// The text for these variables. Errors: DataError "`name`:line: …" where Jinja would raise (an operation
  /// its values do not have, raise_exception) or a bound is passed. Determinism: a function of template and
  /// variables alone; const calls may run on several threads.
  std::string render(const std::vector<std::pair<std::string, Value>>& variables) const;

  const std::string& name() const { return name_; }

 private:
  struct Program;
  std::string name_;
  std::unique_ptr<const Program> program_;
};

}  // namespace genesis::data::jinja
