#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace genesis::data {

/// What the chat format needs of a tokenizer.
///   encode(text, parse_specials): token ids of UTF-8 text; with parse_specials the special forms written in
///   the text (`<|im_end|>`, ...) become their ids, without it they are plain text. Must be callable from
///   several threads at once and depend on its arguments alone.
struct TextEncoder {
  std::function<std::vector<int32_t>(std::string_view text, bool parse_specials)> encode;
  int32_t im_start = -1;
  int32_t im_end = -1;
  int32_t eod = -1;
};

}  // namespace genesis::data
