#include "models/safetensors/header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>

#include "models/json/strict_json.h"
#include "models/safetensors/header_events.h"

namespace genesis::models {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little endian");

void keep_last_of_each_name(std::vector<StoredTensor>& tensors) {
  std::unordered_set<std::string> seen;
  std::vector<StoredTensor> last;
  for (auto t = tensors.rbegin(); t != tensors.rend(); ++t)
    if (seen.insert(t->name).second) last.push_back(std::move(*t));
  tensors = std::move(last);
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view start, int64_t file_bytes,
                                           const std::string& file, Strictness strictness) {
  if (file_bytes < 8)
    throw CheckpointError("{}: truncated: {} bytes, a safetensors file has at least 8", file, file_bytes);
  uint64_t length = 0;
  std::memcpy(&length, start.data(), 8);
  if (length > uint64_t(kMaxHeaderBytes)) {
    throw CheckpointError(
        "{}: header length {} is more than the format's limit of {}; this is not a safetensors file", file,
        length, kMaxHeaderBytes);
  }
  if (int64_t(length) > file_bytes - 8) {
    throw CheckpointError("{}: truncated: the header is {} bytes, the file {}", file, length, file_bytes);
  }
  const std::string_view text = start.substr(8, length);
  SafetensorsHeader header;
  const size_t begin = strictness == Strictness::lenient ? text.find_first_not_of(" \t\r\n") : 0;
  if (begin >= text.size() || text[begin] != '{')
    throw CheckpointError("{}: the header does not begin with '{{'", file);
  if (begin > 0) header.warnings.push_back(fmt::format("{}: the header begins with white space", file));

  header.data_begin = 8 + int64_t(length);
  HeaderEvents events(header, file, strictness);
  parse_json_events(text, events, file, [&events](int depth, const std::string& key) {
    return events.passes_repeated(depth, key);
  });

  auto& tensors = header.tensors;
  if (strictness == Strictness::lenient) keep_last_of_each_name(tensors);
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t at = 0;
  for (const auto& t : tensors) {
    if (t.begin != at) {
      throw CheckpointError(
          "{}: tensor '{}' begins at byte {} of the data, the one before it ends at {} ({})", file, t.name,
          t.begin, at, t.begin < at ? "overlap" : "hole");
    }
    at = t.end;
  }
  const int64_t data_bytes = file_bytes - header.data_begin;
  if (at != data_bytes) {
    const std::string last = tensors.empty() ? "no tensor" : "the last tensor '" + tensors.back().name + "'";
    throw CheckpointError("{}: {}: the data area has {} bytes, {} ends at {}", file,
                          data_bytes < at ? "truncated" : "bytes left over", data_bytes, last, at);
  }
  return header;
}

}  // namespace genesis::models
