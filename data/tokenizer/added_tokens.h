#pragma once
#include <filesystem>
#include <optional>

#include "data/tokenizer/special_tokens.h"

namespace genesis::data {

/// The tokens that a folder with vocab.json and merges.txt adds behind them: added_tokens_decoder of
/// tokenizer_config.json, and added_tokens.json, as transformers writes both. Nothing when it has neither.
///   A token that only added_tokens.json has is special where special_tokens_map.json or
///   tokenizer_config.json lists it, or where it is one of the family's own (<|endoftext|>, <|im_start|>,
///   <|im_end|>). `first_id`: the id behind the vocabulary.
/// Errors: DataError naming file and key, or both files and both values where they differ; ids that leave a
/// hole or lie inside the vocabulary; a token that would also take the space around it (lstrip, rstrip,
/// single_word).
std::optional<SpecialTokens> read_added_tokens(const std::filesystem::path& folder, int32_t first_id);

/// The texts of tokenizer_config.json, added_tokens.json and special_tokens_map.json; empty: no such file.
struct AddedTokenTexts {
  std::string config, listed, special_map;
};
/// The same from the files' texts; `folder` stands in messages.
std::optional<SpecialTokens> parse_added_tokens(const AddedTokenTexts& texts,
                                                const std::filesystem::path& folder, int32_t first_id);

}  // namespace genesis::data
