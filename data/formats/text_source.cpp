#include "data/formats/text_source.h"

#include <algorithm>
#include <cstring>

namespace genesis::data {
namespace {
constexpr size_t kBlockBytes = size_t{1} << 20;
}

TextSource::TextSource(std::filesystem::path path) : stream_(std::move(path)), block_(kBlockBytes) {
  begin();
}

TextSource::TextSource(std::string_view bytes, std::filesystem::path name)
    : stream_(bytes, std::move(name)), block_(std::clamp(bytes.size(), size_t{4096}, kBlockBytes)) {
  begin();
}

void TextSource::begin() {
  if (!fill()) return;
  const size_t bytes = size_t(end_ - next_);
  if (bytes >= 3 && std::memcmp(next_, "\xEF\xBB\xBF", 3) == 0) next_ += 3;
  if (bytes >= 2 && (std::memcmp(next_, "\xFF\xFE", 2) == 0 || std::memcmp(next_, "\xFE\xFF", 2) == 0))
    throw error({1, 1}, "is UTF-16; chat files are UTF-8", Fault::encoding);
}

bool TextSource::fill() {
  const size_t bytes = stream_.read(block_);
  next_ = block_.data();
  end_ = next_ + bytes;
  return bytes > 0;
}

void TextSource::skip_space() {
  while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) take();
}

void TextSource::skip_line() {
  while (!at_end() && peek() != '\n') take();
}

RecordError TextSource::error(SourcePosition at, std::string_view reason, Fault fault) const {
  return {fault, at, fmt::format("{}:{}:{}: {}", path().string(), at.line, at.column, reason)};
}

}  // namespace genesis::data
