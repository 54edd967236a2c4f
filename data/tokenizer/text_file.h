#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace genesis::data {

/// The whole file.
/// Errors: genesis::DataError "file: reason" when it cannot be opened or read, or is a folder.
std::string read_text_file(const std::filesystem::path& path);

/// Writes the whole file through a temporary one beside it and a rename, so that no half file is ever seen.
/// Errors: genesis::DiskError "file: reason".
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace genesis::data
