#include "data/tokenizer/tiktoken_file.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "data/tokenizer/base64.h"
#include "data/tokenizer/text_file.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

struct Line {
  std::string token;
  size_t rank = 0;
};

Line parse_line(std::string_view line, std::string_view name, size_t number) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) throw DataError("{}:{}: the line is empty", name, number);
  const size_t space = line.find(' ');
  if (space == std::string_view::npos)
    throw DataError("{}:{}: a line is 'base64(token) SPACE rank', this one has no space", name, number);
  Line out;
  if (!decode_base64(line.substr(0, space), out.token))
    throw DataError("{}:{}: '{}' is not base64", name, number,
                    printable(line.substr(0, std::min<size_t>(space, 80))));
  if (out.token.empty()) throw DataError("{}:{}: the token is empty", name, number);
  const std::string_view digits = line.substr(space + 1);
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.rank);
  if (error != std::errc() || stop != digits.data() + digits.size())
    throw DataError("{}:{}: '{}' is not a rank", name, number, printable(digits.substr(0, 80)));
  return out;
}

}  // namespace

Vocabulary parse_tiktoken(std::string_view text, std::string_view name) {
  if (text.empty()) throw DataError("{}: the file is empty", name);
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<Line> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(parse_line(text.substr(begin, end - begin), name, lines.size() + 1));
    begin = end + 1;
  }
  std::vector<std::string> tokens(lines.size());  // [rank]
  std::vector<size_t> line_of(lines.size(), 0);   // [rank]
  for (size_t number = 1; Line & line : lines) {
    if (line.rank >= lines.size())
      throw DataError("{}:{}: rank {} in a file of {} lines: the ranks have a hole", name, number, line.rank,
                      lines.size());
    if (line_of[line.rank] != 0)
      throw DataError("{}:{}: rank {} stands on line {} already", name, number, line.rank,
                      line_of[line.rank]);
    line_of[line.rank] = number++;
    tokens[line.rank] = std::move(line.token);
  }
  return Vocabulary(tokens, name);
}

Vocabulary read_tiktoken(const std::filesystem::path& path) {
  return parse_tiktoken(read_text_file(path), path.string());
}

void write_tiktoken(const Vocabulary& vocabulary, const std::filesystem::path& path) {
  std::string text;
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank)
    text += encode_base64(vocabulary.bytes(rank)) + ' ' + std::to_string(rank) + '\n';
  write_text_file(path, text);
}

}  // namespace genesis::data
