#include "data/chat/tokenizer_encoder.h"

namespace genesis::data {

TextEncoder text_encoder(const Tokenizer& tokenizer) {
  return {[tokenizer](std::string_view text, bool parse_specials) {
            return tokenizer.encode(text, {parse_specials ? SpecialForms::parse : SpecialForms::plain});
          },
          tokenizer.im_start_id(), tokenizer.im_end_id(), tokenizer.eod_id()};
}

}  // namespace genesis::data
