#include "data/tokenizer/text_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "kernels/core/error.h"

namespace genesis::data {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

}  // namespace

std::string read_text_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw DataError("{}: is a folder, not a file", path.string());
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) throw DataError("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  std::string text;
  const auto size = std::filesystem::file_size(path, ignored);
  if (!ignored) text.reserve(size);
  char block[1 << 16];
  while (const size_t n = std::fread(block, 1, sizeof block, file.get())) text.append(block, n);
  if (std::ferror(file.get())) throw DataError("{}: cannot be read: {}", path.string(), std::strerror(errno));
  return text;
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path temporary = path;
  temporary += ".part";
  File file(std::fopen(temporary.c_str(), "wb"));
  const bool written = file && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fclose(file.release()) == 0;
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    std::remove(temporary.c_str());
    throw DiskError("{}: cannot be written: {}", path.string(), std::strerror(reason));
  }
}

}  // namespace genesis::data
