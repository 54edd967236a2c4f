#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>

namespace genesis::data {

/// Writes an object with a member "seal": SHA-256 over the object without it. Errors: DiskError naming the
/// path.
void write_sealed(const std::filesystem::path& path, nlohmann::json object);

/// Reads it and checks the seal. Errors: DataError naming the path.
nlohmann::json read_sealed(const std::filesystem::path& path);

}  // namespace genesis::data
