#pragma once
#include <istream>
#include <ostream>
#include <string_view>

#include "data/tokenizer/tokenizer.h"

namespace genesis::data {

/// Reads lines {"text": "..."} and writes for each, in order, a line {"ids": [...]}; other keys are ignored.
///   Ill-formed UTF-8 and lone surrogates in a line count as U+FFFD. Lines that are there together are
///   encoded together on all threads and written at once, so a program may also ask line by line.
/// Errors: genesis::DataError "`name`:line: ..." for a line that is not such an object; genesis::DiskError
/// when the
///   output cannot be written.
void encode_jsonl(const Tokenizer& tokenizer, std::istream& in, std::ostream& out,
                  const EncodeOptions& options, std::string_view name);

/// The reverse: lines {"ids": [...]} become lines {"text": "..."}. Errors: the same, and for an id outside
/// the vocabulary.
void decode_jsonl(const Tokenizer& tokenizer, std::istream& in, std::ostream& out,
                  const DecodeOptions& options, std::string_view name);

}  // namespace genesis::data
