#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace genesis::data {

/// The texts to train a vocabulary on. A file named .json or .jsonl is chat data in any record format: its
/// texts are the role names, system texts (the template's default where a record has none) and turns, as
/// ChatML encodes them one by one. Any other file is one plain text. Errors: genesis::DataError naming file,
/// line and column.
std::vector<std::string> read_training_texts(std::span<const std::filesystem::path> files);

}  // namespace genesis::data
