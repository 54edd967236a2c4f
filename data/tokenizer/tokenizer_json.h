#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "data/tokenizer/special_tokens.h"
#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

/// Reads tokenizer.json of the Hugging Face tokenizers library when it describes Qwen2's pipeline: normalizer
/// NFC, pre-tokenizer Split by the pattern of Pretokenizer then ByteLevel without prefix space and regex,
/// model BPE, decoder ByteLevel; with its added tokens, which are looked for before NFC. Errors:
/// genesis::DataError "file: key '...': ..." for any other pipeline, never a guess.
std::pair<Vocabulary, SpecialTokens> read_tokenizer_json(const std::filesystem::path& path);
/// The same from the file's text; `file` stands for it in messages.
std::pair<Vocabulary, SpecialTokens> parse_tokenizer_json(std::string_view text, const std::string& file);

}  // namespace genesis::data
