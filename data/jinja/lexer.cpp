#include "data/jinja/lexer.h"

#include <algorithm>
#include <charconv>

#include "data/tokenizer/utf8.h"
#include "kernels/core/error.h"

namespace genesis::data::jinja {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";
constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "//", "**", "+", "-", "*",
                                         "/",  "%",  "~",  "|",  ".",  ",",  ":", "(", ")",
                                         "[",  "]",  "{",  "}",  "=",  "<",  ">"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view name) : source_(source), name_(name) {
    if (source_.ends_with('\n')) source_.remove_suffix(1);
  }

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const size_t mark = next_mark();
      std::string_view text = source_.substr(at_, mark - at_);
      const bool output = mark < source_.size() && source_[mark + 1] == '{';
      const bool strips = mark + 2 < source_.size() && source_[mark + 2] == '-';
      const bool keeps = mark + 2 < source_.size() && source_[mark + 2] == '+';
      add_text(text, mark < source_.size(), output, strips, keeps);
      advance_to(mark);
      if (mark == source_.size()) break;
      const char second = source_[mark + 1];
      const int line = line_;
      advance_to(at_ + 2 + (strips || keeps));
      if (second == '#') {
        skip_comment(line);
      } else {
        read_words(second == '{' ? Kind::output_begin : Kind::block_begin, line);
      }
    }
    tokens_.push_back({Kind::end, {}, line_});
    return std::move(tokens_);
  }

 private:
  template <class... A>
  [[noreturn]] void refuse(int line, fmt::format_string<A...> why, A&&... args) const {
    throw DataError("{}:{}: {}", name_, line, fmt::format(why, std::forward<A>(args)...));
  }

  void advance_to(size_t to) {
    to = std::min(to, source_.size());
    line_ +=
        int(std::count(source_.begin() + std::ptrdiff_t(at_), source_.begin() + std::ptrdiff_t(to), '\n'));
    at_ = to;
  }

  /// The next {{, {% or {#, or the end.
  size_t next_mark() const {
    for (size_t i = at_;; ++i) {
      i = source_.find('{', i);
      if (i == std::string_view::npos || i + 1 >= source_.size()) return source_.size();
      if (const char c = source_[i + 1]; c == '{' || c == '%' || c == '#') return i;
    }
  }

  void add_text(std::string_view text, bool before_mark, bool output, bool strips, bool keeps) {
    if (trims_all_) {
      text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    } else if (trims_line_feed_ && text.starts_with('\n')) {
      text.remove_prefix(1);
    }
    if (strips) {
      text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    } else if (before_mark && !output && !keeps) {
      const size_t line = text.rfind('\n') + 1;  // 0 when the text has no line feed
      const bool begins_line =
          line > 0 || at_ == 0 || source_[at_ - 1] == '\n' || (trims_line_feed_ && line_fed_);
      if (begins_line && text.find_first_not_of(" \t", line) == std::string_view::npos)
        text = text.substr(0, line);
    }
    if (!text.empty()) tokens_.push_back({Kind::text, std::string(text), line_});
  }

  /// After a mark's end: what happens to the white space that follows.
  void after_mark(bool strips, bool keeps, bool output) {
    trims_all_ = strips;
    trims_line_feed_ = !output && !keeps;
    line_fed_ = at_ < source_.size() && source_[at_] == '\n';
  }

  void skip_comment(int line) {
    const size_t end = source_.find("#}", at_);
    if (end == std::string_view::npos) refuse(line, "the comment does not end");
    const bool strips = end > at_ && source_[end - 1] == '-', keeps = end > at_ && source_[end - 1] == '+';
    advance_to(end + 2);
    after_mark(strips, keeps, false);
  }

  void read_words(Kind begin, int line) {
    const bool output = begin == Kind::output_begin;
    const char close = output ? '}' : '%';
    tokens_.push_back({begin, {}, line});
    int open = 0;  // brackets: }} inside a dict does not end the mark
    for (;;) {
      advance_to(std::min(source_.find_first_not_of(kBlanks, at_), source_.size()));
      if (at_ >= source_.size()) refuse(line, "'{}' does not end", output ? "{{" : "{%");
      const char c = source_[at_];
      const char signs[] = {close, '}'};
      const std::string_view end(signs, 2);
      if (open == 0 && source_.substr(at_, 2) == end) return finish(output, 2, false, false);
      if (open == 0 && (c == '-' || c == '+') && source_.substr(at_ + 1, 2) == end)
        return finish(output, 3, c == '-', c == '+');
      if (is_letter(c)) {
        size_t stop = at_;
        while (stop < source_.size() && (is_letter(source_[stop]) || is_digit(source_[stop]))) ++stop;
        push(Kind::name, stop);
      } else if (is_digit(c)) {
        read_number();
      } else if (c == '\'' || c == '"') {
        read_string(c);
      } else {
        const auto symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols), [&](std::string_view s) {
          return source_.substr(at_).starts_with(s);
        });
        if (symbol == std::end(kSymbols))
          refuse(line_, "the character '{}' has no meaning here", printable_at());
        if (*symbol == "(" || *symbol == "[" || *symbol == "{") ++open;
        if (*symbol == ")" || *symbol == "]" || *symbol == "}") open = std::max(0, open - 1);
        push(Kind::symbol, at_ + symbol->size());
      }
    }
  }

  std::string printable_at() const {
    const char c = source_[at_];
    return c > ' ' && c < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", uint8_t(c));
  }

  void finish(bool output, size_t length, bool strips, bool keeps) {
    tokens_.push_back({output ? Kind::output_end : Kind::block_end, {}, line_});
    advance_to(at_ + length);
    after_mark(strips, keeps, output);
  }

  void push(Kind kind, size_t stop) {
    tokens_.push_back({kind, std::string(source_.substr(at_, stop - at_)), line_});
    advance_to(stop);
  }

  void read_number() {
    size_t stop = at_;
    while (stop < source_.size() && is_digit(source_[stop])) ++stop;
    const bool real = stop + 1 < source_.size() && source_[stop] == '.' && is_digit(source_[stop + 1]);
    if (real) {
      ++stop;
      while (stop < source_.size() && is_digit(source_[stop])) ++stop;
    }
    if (stop - at_ > 18) refuse(line_, "a number of {} digits", stop - at_);
    push(real ? Kind::real : Kind::integer, stop);
  }

  void read_string(char quote) {
    const int line = line_;
    std::string value;
    size_t i = at_ + 1;
    for (; i < source_.size() && source_[i] != quote; ++i) {
      if (source_[i] != '\\') {
        value += source_[i];
        continue;
      }
      constexpr std::string_view kEscapes = "nrt\\'\"", kMeanings = "\n\r\t\\'\"";
      const char c = ++i < source_.size() ? source_[i] : '\0';
      if (const size_t known = kEscapes.find(c); known != std::string_view::npos) {
        value += kMeanings[known];
      } else if (c == 'u' || c == 'x') {
        i = read_code_point(i, c == 'u' ? 4 : 2, line, value);
      } else {
        refuse(line, "a string has an escape that is not known: \\{}", is_letter(c) || is_digit(c) ? c : '?');
      }
    }
    if (i >= source_.size()) refuse(line, "the string does not end");
    advance_to(i + 1);
    tokens_.push_back({Kind::string, std::move(value), line});
  }

  /// \uXXXX or \xXX at `i` (on the letter); returns the place of its last digit.
  size_t read_code_point(size_t i, size_t digits, int line, std::string& value) const {
    uint32_t code = 0;
    const auto hex = source_.substr(i + 1, digits);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    if (error != std::errc() || hex.size() != digits || end != hex.data() + digits ||
        (code >= 0xD800 && code < 0xE000))
      refuse(line, "a string has a broken \\{} escape", source_[i]);
    if (code < 0x80) {
      value += char(code);
    } else if (code < 0x800) {
      value += char(0xC0 | (code >> 6));
      value += char(0x80 | (code & 0x3F));
    } else {
      value += char(0xE0 | (code >> 12));
      value += char(0x80 | ((code >> 6) & 0x3F));
      value += char(0x80 | (code & 0x3F));
    }
    return i + digits;
  }

  std::string_view source_, name_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int line_ = 1;
  bool trims_all_ = false, trims_line_feed_ = false, line_fed_ = false;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, std::string_view name) {
  return Lexer(source, name).run();
}

}  // namespace genesis::data::jinja
