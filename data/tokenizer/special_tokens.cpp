#include "data/tokenizer/special_tokens.h"

#include <algorithm>
#include <cstring>

#include "data/tokenizer/vocabulary.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

constexpr int kExtraTokens = 205;

std::vector<SpecialToken> family_tokens(TokenizerFamily family, int32_t first_id) {
  std::vector<SpecialToken> tokens;
  for (const char* text : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) tokens.push_back({text});
  if (family == TokenizerFamily::qwen1)
    for (int i = 0; i < kExtraTokens; ++i) tokens.push_back({fmt::format("<|extra_{}|>", i)});
  for (SpecialToken& token : tokens) token.id = first_id++;
  return tokens;
}

}  // namespace

SpecialTokens::SpecialTokens(TokenizerFamily family, int32_t first_id)
    : SpecialTokens(family_tokens(family, first_id), first_id, family != TokenizerFamily::qwen1,
                    "special tokens") {}

SpecialTokens::SpecialTokens(std::vector<SpecialToken> tokens, int32_t first_id, bool before_nfc,
                             std::string_view name)
    : tokens_(std::move(tokens)), first_id_(first_id), before_nfc_(before_nfc) {
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const SpecialToken& token = tokens_[i];
    if (token.id != first_id + int32_t(i))
      throw DataError(
          "{}: the special token '{}' has id {}, expected {}: special ids follow the vocabulary "
          "without a hole",
          name, printable(token.text), token.id, first_id + int32_t(i));
    if (token.text.empty()) throw DataError("{}: the special token of id {} is empty", name, token.id);
    if (!by_text_.try_emplace(token.text, token.id).second)
      throw DataError("{}: the special token '{}' is given twice", name, printable(token.text));
    if (first_bytes_.find(token.text[0]) == std::string::npos) first_bytes_ += token.text[0];
    lengths_.push_back(token.text.size());
  }
  std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
  lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

int32_t SpecialTokens::find(std::string_view text) const {
  const auto found = by_text_.find(text);
  return found == by_text_.end() ? -1 : found->second;
}

SpecialTokens::Match SpecialTokens::next(std::string_view text, size_t from,
                                         std::span<const int32_t> only) const {
  const auto wanted = [&](int32_t id) {
    return id >= 0 && (only.empty() || std::find(only.begin(), only.end(), id) != only.end());
  };
  for (size_t i = from; !first_bytes_.empty(); ++i) {
    i = first_bytes_.size() == 1 ? text.find(first_bytes_[0], i) : text.find_first_of(first_bytes_, i);
    if (i == std::string_view::npos) break;
    for (const size_t length : lengths_)
      if (length <= text.size() - i)
        if (const int32_t id = find(text.substr(i, length)); wanted(id)) return {i, length, id};
  }
  return {};
}

}  // namespace genesis::data
