#include "data/tokenizer/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/text_file.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

using nlohmann::json;

constexpr const char* kPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// A value of the file with the path of keys that leads to it.
class Node {
 public:
  Node(const json& value, std::string file, std::string key)
      : value_(value), file_(std::move(file)), key_(std::move(key)) {}

  [[noreturn]] void refuse(std::string_view expected) const {
    std::string found = value_.is_array()    ? fmt::format("a list of {}", value_.size())
                        : value_.is_object() ? "an object"
                                             : value_.dump(-1, ' ', true, json::error_handler_t::replace);
    if (found.size() > 80) found = found.substr(0, 77) + "...";
    throw DataError("{}: key '{}': expected {}, found {}", file_, key_, expected, found);
  }
  /// The value of a key; a missing one reads as null.
  Node operator[](const char* name) const {
    static const json none;
    if (!value_.is_object()) refuse("an object");
    const auto found = value_.find(name);
    return {found == value_.end() ? none : *found, file_, key_.empty() ? name : key_ + "." + name};
  }
  std::vector<Node> items() const {
    if (!value_.is_array()) refuse("a list");
    std::vector<Node> out;
    for (size_t i = 0; i < value_.size(); ++i)
      out.emplace_back(value_[i], file_, fmt::format("{}[{}]", key_, i));
    return out;
  }
  std::string text() const {
    if (!value_.is_string()) refuse("a text");
    return value_.get<std::string>();
  }
  int64_t integer() const {
    if (!value_.is_number_integer()) refuse("an integer");
    return value_.get<int64_t>();
  }
  bool truth(bool missing) const {
    if (value_.is_null()) return missing;
    if (!value_.is_boolean()) refuse("true or false");
    return value_.get<bool>();
  }
  void must_be(std::string_view expected) const {
    if (!value_.is_string() || value_.get_ref<const std::string&>() != expected)
      refuse(fmt::format("\"{}\"", expected));
  }
  void must_be_false() const {
    if (truth(false)) refuse("false");
  }
  void must_be_empty() const {
    if (!value_.is_null() && !(value_.is_string() && value_.get_ref<const std::string&>().empty()))
      refuse("null");
  }
  const json& value() const { return value_; }
  const std::string& key() const { return key_; }

 private:
  const json& value_;
  std::string file_, key_;
};

void check_pipeline(const Node& root) {
  root["normalizer"]["type"].must_be("NFC");
  root["pre_tokenizer"]["type"].must_be("Sequence");
  const Node steps = root["pre_tokenizer"]["pretokenizers"];
  if (steps.items().size() != 2) steps.refuse("a Split and a ByteLevel");
  const Node split = steps.items()[0], bytes = steps.items()[1];
  split["type"].must_be("Split");
  split["pattern"]["Regex"].must_be(kPattern);
  split["behavior"].must_be("Isolated");
  split["invert"].must_be_false();
  bytes["type"].must_be("ByteLevel");
  bytes["add_prefix_space"].must_be_false();
  if (bytes["use_regex"].truth(true)) bytes["use_regex"].refuse("false");
  root["decoder"]["type"].must_be("ByteLevel");

  const Node model = root["model"];
  model["type"].must_be("BPE");
  if (!model["dropout"].value().is_null()) model["dropout"].refuse("null");
  for (const char* key : {"unk_token", "continuing_subword_prefix", "end_of_word_suffix"})
    model[key].must_be_empty();
  model["byte_fallback"].must_be_false();
}

std::vector<ListedMerge> read_merges(const Node& list) {
  std::vector<ListedMerge> merges;
  for (const Node& item : list.items()) {
    ListedMerge merge;
    if (item.value().is_array()) {  // ["left", "right"], since version 0.20 of the library
      const auto halves = item.items();
      if (halves.size() != 2) item.refuse("two texts");
      merge.left = halves[0].text();
      merge.right = halves[1].text();
    } else {
      const std::string both = item.text();
      const size_t space = both.find(' ');
      if (space == std::string::npos) item.refuse("\"left right\"");
      merge.left = both.substr(0, space);
      merge.right = both.substr(space + 1);
    }
    merge.place = item.key();
    merges.push_back(std::move(merge));
  }
  return merges;
}

SpecialTokens read_added_tokens(const Node& list, int32_t first_id, std::string_view file) {
  std::vector<SpecialToken> tokens;
  for (const Node& item : list.items()) {
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) item[key].must_be_false();
    const int64_t id = item["id"].integer();
    if (id < first_id || id > INT32_MAX) item["id"].refuse(fmt::format("an id from {} on", first_id));
    tokens.push_back({item["content"].text(), int32_t(id), item["special"].truth(false)});
  }
  return SpecialTokens(std::move(tokens), first_id, true, file);
}

}  // namespace

std::pair<Vocabulary, SpecialTokens> read_tokenizer_json(const std::filesystem::path& path) {
  return parse_tokenizer_json(read_text_file(path), path.string());
}

std::pair<Vocabulary, SpecialTokens> parse_tokenizer_json(std::string_view text, const std::string& file) {
  json value;
  try {
    value = json::parse(text);
  } catch (const json::exception& error) {
    throw DataError("{}: {:.200}", file, error.what());
  }
  const Node root(value, file, "");
  check_pipeline(root);
  const Node vocab = root["model"]["vocab"];
  if (!vocab.value().is_object()) vocab.refuse("an object");
  std::vector<ListedToken> tokens;
  for (const auto& [token, id] : vocab.value().items())
    tokens.push_back({token, Node(id, file, "model.vocab." + token).integer()});
  Vocabulary vocabulary = vocabulary_of_merges(tokens, read_merges(root["model"]["merges"]), file);
  SpecialTokens specials = read_added_tokens(root["added_tokens"], vocabulary.size(), file);
  return {std::move(vocabulary), std::move(specials)};
}

}  // namespace genesis::data
