#include "data/samples/dialogue.h"

namespace genesis::data::samples {

Side side_of(std::string_view subject) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : subject) hash = (hash ^ uint8_t(c)) * 0x100000001b3u;
  return stream_of({hash}) % 10 == 0 ? Side::held_out : Side::train;
}

std::string key_of(std::string_view task, std::string_view operands) {
  return fmt::format("{}|{}", task, operands);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

}  // namespace genesis::data::samples
