#pragma once
#include <filesystem>

namespace genesis::trainer {

/// Copies the tokenizer of `source` (a qwen.tiktoken file, or a folder holding any of qwen.tiktoken,
/// tokenizer.json, vocab.json, merges.txt, tokenizer_config.json, generation_config.json) into a model
/// folder. Errors: DiskError naming the file that could not be copied.
void copy_tokenizer_files(const std::filesystem::path& source, const std::filesystem::path& folder);

}  // namespace genesis::trainer
