#pragma once
#include <cstdint>
#include <string>

#include "data/tokenizer/tokenizer.h"

namespace genesis::data {

/// Decodes tokens one at a time and gives out whole characters only.
///   The strings of all push() calls and finish(), joined, are Tokenizer::decode of the same ids.
class StreamingDecoder {
 public:
  explicit StreamingDecoder(Tokenizer tokenizer, DecodeOptions options = {})
      : tokenizer_(std::move(tokenizer)), options_(options) {}

  /// What has become certain with this token; a character that is not complete yet waits (at most 3 bytes).
  /// Errors: genesis::DataError for an id outside the vocabulary.
  std::string push(int32_t id);
  /// What still waits, as U+FFFD; the decoder is then as new.
  std::string finish();

 private:
  Tokenizer tokenizer_;
  DecodeOptions options_;
  std::string waiting_;
};

}  // namespace genesis::data
