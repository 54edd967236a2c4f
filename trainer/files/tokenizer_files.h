#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace genesis::trainer {

/// The tokenizer of `source` (a qwen.tiktoken file, or a folder holding any of qwen.tiktoken, tokenizer.json,
/// vocab.json, merges.txt, their settings, generation_config.json and Qwen-1's own code): the name each file
/// has in a model folder, and where it is. Empty for an empty path.
std::vector<std::pair<std::string, std::filesystem::path>> tokenizer_files(
    const std::filesystem::path& source);

/// Copies them into a model folder. Errors: DiskError naming the file that could not be copied.
void copy_tokenizer_files(const std::filesystem::path& source, const std::filesystem::path& folder);

}  // namespace genesis::trainer
