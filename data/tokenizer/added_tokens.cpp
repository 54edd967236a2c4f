#include "data/tokenizer/added_tokens.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "data/tokenizer/text_file.h"
#include "data/tokenizer/vocabulary.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The object that a file's text holds; an empty one when there is no such file.
json object_of(const std::string& text, const fs::path& file) {
  if (text.empty()) return json::object();
  try {
    json value = json::parse(text);
    if (!value.is_object()) throw DataError("{}: must be a JSON object", file.string());
    return value;
  } catch (const json::exception& error) {
    throw DataError("{}: {:.200}", file.string(), error.what());
  }
}

/// The text of a token as these files write it: "x" or {"content": "x", ...}.
const std::string* token_text(const json& value) {
  const json* text = &value;
  if (value.is_object()) {
    const auto content = value.find("content");
    if (content == value.end()) return nullptr;
    text = &*content;
  }
  return text->is_string() ? &text->get_ref<const std::string&>() : nullptr;
}

/// Every token that a file lists as special.
void collect_special(const json& file, std::set<std::string>& into) {
  for (const auto& [key, value] : file.items()) {
    if (key != "additional_special_tokens" && key != "extra_special_tokens" && !key.ends_with("_token"))
      continue;
    const auto add = [&](const json& token) {
      if (const std::string* text = token_text(token)) into.insert(*text);
    };
    if (value.is_array()) {
      for (const json& token : value) add(token);
    } else {
      add(value);
    }
  }
}

class AddedTokens {
 public:
  AddedTokens(const AddedTokenTexts& texts, const fs::path& folder, int32_t first_id)
      : listed_(folder / "added_tokens.json"),
        config_(folder / "tokenizer_config.json"),
        first_id_(first_id) {
    const json config = object_of(texts.config, config_);
    special_ = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    collect_special(object_of(texts.special_map, folder / "special_tokens_map.json"), special_);
    collect_special(config, special_);
    if (const auto decoder = config.find("added_tokens_decoder"); decoder != config.end())
      read_decoder(*decoder);
    read_listed(object_of(texts.listed, listed_));
  }

  std::vector<SpecialToken> tokens;

 private:
  void read_decoder(const json& decoder) {
    const std::string place = config_.string() + ": key 'added_tokens_decoder";
    if (!decoder.is_object()) throw DataError("{}': expected an object", place);
    for (const auto& [id_text, token] : decoder.items()) {
      const std::string key = fmt::format("{}.{}'", place, id_text);
      int64_t id = 0;
      const char* end = id_text.data() + id_text.size();
      const auto [at, error] = std::from_chars(id_text.data(), end, id);
      if (error != std::errc() || at != end) throw DataError("{}: expected a token id as the key", key);
      const std::string* text = token.is_object() ? token_text(token) : nullptr;
      if (!text) throw DataError("{}: expected an object with a text 'content'", key);
      for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"})
        if (token.value(flag, json(false)) != false)
          throw DataError("{}: '{}' is {}: expected false", key, flag, token[flag].dump());
      const json special = token.value("special", json(false));
      if (!special.is_boolean())
        throw DataError("{}: 'special' is {}: expected true or false", key, special.dump());
      add(key, *text, id, special.get<bool>());
    }
  }

  void read_listed(const json& listed) {
    for (const auto& [text, id] : listed.items()) {
      const std::string place = fmt::format("{}: token '{}'", listed_.string(), printable(text));
      if (!id.is_number_integer()) throw DataError("{}: expected an id, found {}", place, id.dump());
      const auto value = id.get<int64_t>();
      bool known = false;
      for (const SpecialToken& token : tokens) {
        if ((token.text == text) != (token.id == value))
          throw DataError("{}: has id {}, but {} gives id {} to '{}'", place, value, config_.string(),
                          token.id, printable(token.text));
        known |= token.id == value;
      }
      if (!known) add(place, text, value, special_.contains(text));
    }
  }

  void add(const std::string& place, const std::string& text, int64_t id, bool special) {
    if (id < first_id_ || id > INT32_MAX)
      throw DataError("{}: has id {}, the vocabulary ends at {}: expected an id from there on", place, id,
                      first_id_);
    tokens.push_back({text, int32_t(id), special});
  }

  fs::path listed_, config_;
  int32_t first_id_;
  std::set<std::string> special_;
};

}  // namespace

std::optional<SpecialTokens> read_added_tokens(const fs::path& folder, int32_t first_id) {
  const auto text_of = [&](const char* name) {
    std::error_code ignored;
    return fs::is_regular_file(folder / name, ignored) ? read_text_file(folder / name) : std::string();
  };
  return parse_added_tokens(
      {text_of("tokenizer_config.json"), text_of("added_tokens.json"), text_of("special_tokens_map.json")},
      folder, first_id);
}

std::optional<SpecialTokens> parse_added_tokens(const AddedTokenTexts& texts, const fs::path& folder,
                                                int32_t first_id) {
  AddedTokens added(texts, folder, first_id);
  if (added.tokens.empty()) return std::nullopt;
  return SpecialTokens(std::move(added.tokens), first_id, true, folder.string());
}

}  // namespace genesis::data
