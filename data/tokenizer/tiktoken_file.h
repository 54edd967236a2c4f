#pragma once
#include <filesystem>
#include <string_view>

#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

/// Reads a vocabulary in the tiktoken format: one token a line, "base64(bytes) SPACE rank", LF or CRLF.
///   Lines may stand in any order; the ranks are 0 .. lines - 1, each once.
/// Errors: genesis::DataError "file:line: ..." for a line that is not of this form, a repeated rank or token;
///   "file: ..." for a file that cannot be read or is empty, a missing rank or a missing single-byte token.
/// Source: the format of openai/tiktoken, as in Qwen's qwen.tiktoken.
Vocabulary read_tiktoken(const std::filesystem::path& path);

/// The same from text in memory; `name` stands for the file in messages.
Vocabulary parse_tiktoken(std::string_view text, std::string_view name);

/// Writes the vocabulary in that format, in the order of ranks, with LF.
/// Errors: genesis::DiskError when the file cannot be written.
void write_tiktoken(const Vocabulary& vocabulary, const std::filesystem::path& path);

}  // namespace genesis::data
