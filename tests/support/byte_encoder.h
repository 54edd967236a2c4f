#pragma once
#include <array>
#include <string_view>

#include "data/chat/text_encoder.h"

namespace genesis::testing {

inline constexpr int32_t kByteEod = 256, kByteImStart = 257, kByteImEnd = 258;

/// A tokenizer for tests that can be checked by eye: a byte is its own token, the three special forms are 256
/// to 258.
inline data::TextEncoder byte_encoder() {
  return {[](std::string_view text, bool parse_specials) {
            constexpr std::array<std::string_view, 3> forms = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
            std::vector<int32_t> ids;
            for (size_t i = 0; i < text.size();) {
              size_t form = 0;
              while (form < 3 && !(parse_specials && text.substr(i).starts_with(forms[form]))) ++form;
              ids.push_back(form < 3 ? kByteEod + int32_t(form) : int32_t(uint8_t(text[i])));
              i += form < 3 ? forms[form].size() : 1;
            }
            return ids;
          },
          kByteImStart, kByteImEnd, kByteEod};
}

/// The text back, special tokens as `<`, `>` and `$` (start, end, end of document), ignored labels as `.`.
inline std::string byte_text(const std::vector<int32_t>& ids) {
  std::string text;
  for (int32_t id : ids)
    text += id == kByteImStart ? '<'
            : id == kByteImEnd ? '>'
            : id == kByteEod   ? '$'
            : id < 0           ? '.'
                               : char(id);
  return text;
}

}  // namespace genesis::testing
