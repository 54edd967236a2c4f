#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace genesis::data {

/// Bytes written as characters, one each: a printable byte is itself, the others are U+0100, U+0101, ... in
/// the order of byte_order(). A space is U+0120. Source: GPT-2's bytes_to_unicode, the alphabet of vocab.json
/// and merges.txt.
std::string to_byte_alphabet(std::string_view bytes);

/// The bytes again; nothing when a character is not of the alphabet or the text is not UTF-8.
std::optional<std::string> from_byte_alphabet(std::string_view text);

}  // namespace genesis::data
