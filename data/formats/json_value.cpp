#include "data/formats/json_value.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace genesis::data {
namespace {

constexpr size_t kDeepest = 128;

/// Feeds the parser one byte at a time and remembers where the current token began.
class Feed {
 public:
  Feed(TextSource& source, bool one_line) : source_(source), one_line_(one_line), token_(source.position()) {}

  bool more() {
    ended_ = ended_ || source_.at_end() || (one_line_ && source_.peek() == '\n');
    return !ended_;
  }
  char take() {
    const char c = source_.take();
    if (++bytes_ > kMostRecordBytes)
      throw source_.error(source_.last_position(),
                          fmt::format("the record has more than {} MiB", kMostRecordBytes >> 20),
                          Fault::too_large);
    if (c == '\0') throw source_.error(source_.last_position(), "a NUL byte is not JSON text");
    if (!in_token_ && !between(c)) begin_token();
    last_ = c;
    return c;
  }
  /// The parser has taken a whole token: the next byte that is no separator begins the next one. Only a
  /// number is known to be whole when the byte after it has been taken.
  void token_done(bool number = false) {
    in_token_ = false;
    if (number && !ended_ && !between(last_)) begin_token();
  }

  bool ended() const { return ended_; }
  SourcePosition token() const { return token_; }
  SourcePosition fault() const { return in_token_ ? token_ : source_.last_position(); }
  TextSource& source() { return source_; }

 private:
  static bool between(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':';
  }
  void begin_token() {
    in_token_ = true;
    token_ = source_.last_position();
  }

  TextSource& source_;
  const bool one_line_;
  bool ended_ = false, in_token_ = false;
  char last_ = ' ';
  int64_t bytes_ = 0;
  SourcePosition token_;
};

/// The input iterator nlohmann's parser asks for; null is the end.
class FeedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  explicit FeedIterator(Feed* feed) : feed_(feed) {}
  char operator*() const { return feed_->take(); }
  FeedIterator& operator++() { return *this; }
  bool operator==(const FeedIterator& other) const {
    Feed* feed = feed_ ? feed_ : other.feed_;
    return !feed->more();
  }
  bool operator!=(const FeedIterator& other) const { return !(*this == other); }

 private:
  Feed* feed_;
};

/// The parser's message without its own position, which counts from the record, and without the text it
/// quotes.
std::string reason_of(std::string what) {
  if (const size_t code = what.find("] "); code != std::string::npos) what.erase(0, code + 2);
  if (what.starts_with("parse error at ")) what.erase(0, what.find(": ") + 2);
  if (const size_t quote = what.find("; last read"); quote != std::string::npos) {
    const size_t expected = what.rfind("; expected");
    const std::string tail = expected != std::string::npos && expected > quote ? what.substr(expected) : "";
    what = what.substr(0, quote) + tail;
  }
  if (what.size() > 300) what.resize(300);
  return what;
}

/// Builds the value from the parser's events.
class Builder {
 public:
  Builder(Feed& feed, JsonValue& root) : feed_(feed), start_(feed.token()), next_(&root) {}

  bool null() { return leaf(JsonValue::Kind::null); }
  bool boolean(bool truth) {
    place(JsonValue::Kind::boolean).truth = truth;
    return true;
  }
  bool number_integer(int64_t value) { return number(double(value)); }
  bool number_unsigned(uint64_t value) { return number(double(value)); }
  bool number_float(double value, const std::string&) { return number(value); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool string(std::string& text) {
    place(JsonValue::Kind::string).text = std::move(text);
    return true;
  }
  bool start_object(size_t) { return open(JsonValue::Kind::object); }
  bool start_array(size_t) { return open(JsonValue::Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    JsonValue& object = *open_.back();
    if (object.find(name))
      throw feed_.source().error(feed_.token(), fmt::format("key \"{}\" is given twice", name),
                                 Fault::format);
    object.members.push_back({std::move(name), {}});
    next_ = &object.members.back().value;
    feed_.token_done();
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) {
    TextSource& source = feed_.source();
    if (feed_.ended())
      throw source.error(
          source.position(),
          fmt::format("cut off inside the record that begins at {}:{} (a JSON Lines record stands on "
                      "one line; a list ends with ']')",
                      start_.line, start_.column));
    const std::string reason = reason_of(error.what());
    // A whole token in the wrong place is named by where it begins, a broken token by the byte that breaks
    // it.
    const bool whole = reason.find(" - unexpected ") != std::string::npos;
    const bool encoding =
        reason.find("UTF-8") != std::string::npos || reason.find("surrogate") != std::string::npos;
    throw source.error(whole ? feed_.fault() : source.last_position(), "bad JSON: " + reason,
                       encoding ? Fault::encoding : Fault::syntax);
  }

 private:
  JsonValue& place(JsonValue::Kind kind) {
    if (!next_) next_ = &open_.back()->items.emplace_back();
    JsonValue& value = *std::exchange(next_, nullptr);
    value.kind = kind;
    value.at = feed_.token();
    feed_.token_done(kind == JsonValue::Kind::number);
    return value;
  }
  bool number(double value) {
    place(JsonValue::Kind::number).number = value;
    return true;
  }
  bool leaf(JsonValue::Kind kind) {
    place(kind);
    return true;
  }
  bool open(JsonValue::Kind kind) {
    if (open_.size() == kDeepest)
      throw feed_.source().error(feed_.token(), fmt::format("nested deeper than {}", kDeepest),
                                 Fault::too_large);
    open_.push_back(&place(kind));
    return true;
  }
  bool close() {
    open_.pop_back();
    feed_.token_done();
    return true;
  }

  Feed& feed_;
  const SourcePosition start_;
  JsonValue* next_;  // where the next value goes; null: a new item of the innermost list
  std::vector<JsonValue*>
      open_;  // containers around the cursor; the list that holds one does not grow meanwhile
};

}  // namespace

JsonValue read_json_object(TextSource& source, bool one_line) {
  Feed feed(source, one_line);
  JsonValue root;
  Builder builder(feed, root);
  nlohmann::json::sax_parse(FeedIterator(&feed), FeedIterator(nullptr), &builder,
                            nlohmann::json::input_format_t::json, /*strict=*/false);
  return root;
}

}  // namespace genesis::data
