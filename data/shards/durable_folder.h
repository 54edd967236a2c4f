#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace genesis::data {

/// Writes a small text file and waits until the disk has it. Errors: DiskError naming the path.
void write_durable(const std::filesystem::path& path, std::string_view text);

/// Waits until the disk has a file or folder. Errors: DiskError naming the path.
void sync_path(const std::filesystem::path& path);

/// Gives a finished folder its name; one that has the name already is replaced. Errors: DiskError naming
/// both.
void publish_folder(const std::filesystem::path& from, const std::filesystem::path& to);

/// The bytes of a file that should be small. Errors: DataError naming the path, also beyond `most` bytes.
std::string read_small_file(const std::filesystem::path& path, size_t most = size_t{16} << 20);

}  // namespace genesis::data
