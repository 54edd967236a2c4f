#pragma once
#include <filesystem>
#include <string>

namespace genesis::data {

/// SHA-256 of a file's bytes in hexadecimal. Errors: DataError naming the path.
std::string sha256_of_file(const std::filesystem::path& path);

/// XXH3 (128 bits) of a file's bytes in hexadecimal: against damage, not against malice. Errors: as above.
std::string xxh3_of_file(const std::filesystem::path& path);

}  // namespace genesis::data
