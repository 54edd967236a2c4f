#include "models/json/strict_json.h"

#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

using Json = nlohmann::json;

/// Passes events on while it watches depth and the keys of every open object.
class Guard : public nlohmann::json_sax<Json> {
 public:
  Guard(nlohmann::json_sax<Json>& next, const std::string& file, const RepeatedKeyRule& passes_repeated)
      : next_(next), file_(file), passes_repeated_(passes_repeated) {}

  bool null() override { return next_.null(); }
  bool boolean(bool v) override { return next_.boolean(v); }
  bool number_integer(number_integer_t v) override { return next_.number_integer(v); }
  bool number_unsigned(number_unsigned_t v) override { return next_.number_unsigned(v); }
  bool number_float(number_float_t v, const string_t& s) override { return next_.number_float(v, s); }
  bool string(string_t& v) override { return next_.string(v); }
  bool binary(binary_t& v) override { return next_.binary(v); }
  bool start_object(size_t n) override {
    open();
    keys_.emplace_back();
    return next_.start_object(n);
  }
  bool key(string_t& v) override {
    if (!keys_.back().insert(v).second && !(passes_repeated_ && passes_repeated_(depth_, v))) {
      throw CheckpointError("{}: the key '{}' appears twice in one JSON object", file_, v);
    }
    return next_.key(v);
  }
  bool end_object() override {
    --depth_;
    keys_.pop_back();
    return next_.end_object();
  }
  bool start_array(size_t n) override {
    open();
    return next_.start_array(n);
  }
  bool end_array() override {
    --depth_;
    return next_.end_array();
  }
  bool parse_error(size_t at, const std::string&, const Json::exception& e) override {
    throw CheckpointError("{}: not valid JSON at byte {}: {}", file_, at, e.what());
  }

 private:
  void open() {
    if (++depth_ > kMaxJsonDepth) {
      throw CheckpointError("{}: JSON nested deeper than {} levels", file_, kMaxJsonDepth);
    }
  }

  nlohmann::json_sax<Json>& next_;
  const std::string& file_;
  const RepeatedKeyRule& passes_repeated_;
  std::vector<std::set<std::string>> keys_;  // one set for each open object
  int depth_ = 0;
};

/// Builds a value with nlohmann's own builder.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(Json& root) : dom_(root, true) {}
  bool null() override { return dom_.null(); }
  bool boolean(bool v) override { return dom_.boolean(v); }
  bool number_integer(number_integer_t v) override { return dom_.number_integer(v); }
  bool number_unsigned(number_unsigned_t v) override { return dom_.number_unsigned(v); }
  bool number_float(number_float_t v, const string_t& s) override { return dom_.number_float(v, s); }
  bool string(string_t& v) override { return dom_.string(v); }
  bool binary(binary_t& v) override { return dom_.binary(v); }
  bool start_object(size_t n) override { return dom_.start_object(n); }
  bool key(string_t& v) override { return dom_.key(v); }
  bool end_object() override { return dom_.end_object(); }
  bool start_array(size_t n) override { return dom_.start_array(n); }
  bool end_array() override { return dom_.end_array(); }
  bool parse_error(size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  nlohmann::detail::json_sax_dom_parser<Json> dom_;
};

}  // namespace

void parse_json_events(std::string_view text, nlohmann::json_sax<Json>& sax, const std::string& file,
                       const RepeatedKeyRule& passes_repeated) {
  // The parser takes a NUL byte for the end of its input and skips a byte order mark: both are caught here.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw CheckpointError("{}: not valid JSON at byte {}: a NUL byte", file, nul);
  }
  if (text.substr(0, 1) == "\xEF") {
    throw CheckpointError("{}: not valid JSON at byte 0: a byte order mark", file);
  }
  Guard guard(sax, file, passes_repeated);
  Json::sax_parse(text.begin(), text.end(), &guard);
}

Json parse_json(std::string_view text, const std::string& file) {
  Json value;
  Builder builder(value);
  parse_json_events(text, builder, file);
  return value;
}

std::string read_json_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path))
    throw CheckpointError("{}: cannot be opened", path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

Json read_json_file(const std::filesystem::path& path) {
  return parse_json(read_json_text(path), path.string());
}

}  // namespace genesis::models
