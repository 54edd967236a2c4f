#include "data/formats/text_source.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace genesis::data {
namespace {
constexpr size_t kBlockBytes = size_t{1} << 20;
}

TextSource::TextSource(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored))
    throw DataError("{}: is a folder, not a file", path_.string());
  file_.reset(std::fopen(path_.c_str(), "rb"));
  if (!file_) throw DataError("{}: cannot be opened: {}", path_.string(), std::strerror(errno));
  block_.resize(kBlockBytes);
  if (!fill()) return;
  if (end_ - next_ >= 3 && std::memcmp(next_, "\xEF\xBB\xBF", 3) == 0) next_ += 3;
}

bool TextSource::fill() {
  const size_t bytes = std::fread(block_.data(), 1, block_.size(), file_.get());
  if (bytes == 0 && std::ferror(file_.get()))
    throw DataError("{}: cannot be read: {}", path_.string(), std::strerror(errno));
  next_ = block_.data();
  end_ = next_ + bytes;
  return bytes > 0;
}

void TextSource::skip_space() {
  while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) take();
}

DataError TextSource::error(SourcePosition at, std::string_view reason) const {
  return DataError("{}:{}:{}: {}", path_.string(), at.line, at.column, reason);
}

}  // namespace genesis::data
