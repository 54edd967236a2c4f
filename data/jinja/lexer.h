#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace genesis::data::jinja {

/// What a piece of a template is.
///   text: characters of the output.
///   output_begin, output_end, block_begin, block_end: the marks {{ }} {% %}
///   name, string, integer, real, symbol: words between them
///   end: after the last piece
enum class Kind {
  text,
  output_begin,
  output_end,
  block_begin,
  block_end,
  name,
  string,
  integer,
  real,
  symbol,
  end
};

struct Token {
  Kind kind = Kind::end;
  std::string text;  ///< of a string: its value, without quotes
  int line = 1;
};

/// Cuts a template into tokens; the last is `end`.
///   White space as Hugging Face sets Jinja up (trim_blocks, lstrip_blocks): a line feed after a block or
///   comment goes, and so do blanks before one that begins its line; `-` beside a mark takes all white space
///   on that side, `+` keeps it. One line feed at the end of the template goes.
/// Errors: DataError "`name`:line: …" for a mark or string that does not end, an escape or a character that
/// is not Jinja.
std::vector<Token> tokenize(std::string_view source, std::string_view name);

}  // namespace genesis::data::jinja
