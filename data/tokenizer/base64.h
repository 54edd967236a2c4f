#pragma once
#include <string>
#include <string_view>

namespace genesis::data {

/// The bytes that a padded base64 word (alphabet A-Z a-z 0-9 + /) stands for.
///   Strict: the length is a multiple of 4, padding stands only at the end, unused bits are zero, so that
///   each byte string has exactly one spelling.
/// Errors: returns false and leaves `out` unspecified when the word is not such a spelling.
/// Source: RFC 4648 section 4.
bool decode_base64(std::string_view word, std::string& out);

/// The padded base64 word of the bytes; decode_base64 reads it back.
std::string encode_base64(std::string_view bytes);

}  // namespace genesis::data
