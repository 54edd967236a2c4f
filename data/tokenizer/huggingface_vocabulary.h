#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

/// A token's id and a merge's halves as a file gives them, in the byte alphabet, with where they stand.
struct ListedToken {
  std::string text;
  int64_t id = 0;
};
struct ListedMerge {
  std::string left, right;
  std::string place;  ///< "merges.txt:12"
};

/// The vocabulary that the two lists describe, when it is one of ranks: id 0..255 the single bytes, merge i
/// makes the token of id 256 + i, and byte pair encoding by rank makes it from the same halves. Errors:
/// genesis::DataError "`name`: ..." or "`place`: ..." naming the token when it is not.
Vocabulary vocabulary_of_merges(const std::vector<ListedToken>& tokens,
                                const std::vector<ListedMerge>& merges, std::string_view name);

/// Reads a vocabulary in the layout of Qwen2: vocab.json {"token": id} and merges.txt ("left right" a line,
/// LF or CRLF, after an optional "#version" line). The ids are those of the same vocabulary in the tiktoken
/// format. Errors: genesis::DataError naming file and line or token; also as vocabulary_of_merges.
Vocabulary read_vocab_json(const std::filesystem::path& vocab, const std::filesystem::path& merges);
/// The same from the texts of both files; the names stand for them in messages.
Vocabulary parse_vocab_json(std::string_view vocab, std::string_view vocab_name, std::string_view merges,
                            const std::string& merges_name);

/// Writes both files; read_vocab_json reads them back. Errors: genesis::DiskError; genesis::DataError when a
/// token is not made by one merge of earlier tokens, which this layout cannot say.
void write_vocab_json(const Vocabulary& vocabulary, const std::filesystem::path& vocab,
                      const std::filesystem::path& merges);

/// The two tokens whose merge makes each token of rank >= 256, in the order of ranks. Errors: as
/// write_vocab_json.
std::vector<std::pair<int32_t, int32_t>> merges_of(const Vocabulary& vocabulary);

}  // namespace genesis::data
