#include "data/tokenizer/streaming_decoder.h"

#include <utility>

#include "data/tokenizer/utf8.h"

namespace genesis::data {

std::string StreamingDecoder::push(int32_t id) {
  waiting_ += tokenizer_.decode_bytes({&id, 1}, options_);
  size_t certain = 0;
  while (certain < waiting_.size()) {
    const Utf8Step step = read_utf8(std::string_view(waiting_).substr(certain));
    if (step.truncated) break;
    certain += size_t(step.length);
  }
  std::string out = replace_invalid_utf8(std::string_view(waiting_).substr(0, certain));
  waiting_.erase(0, certain);
  return out;
}

std::string StreamingDecoder::finish() { return replace_invalid_utf8(std::exchange(waiting_, {})); }

}  // namespace genesis::data
