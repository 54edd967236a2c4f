#pragma once
#include <string>
#include <string_view>

namespace genesis::data {

/// Unicode normalisation form C of well-formed UTF-8.
///   Returns `text` itself when it is already in that form by the quick check, else a view of `buffer`.
///   Time is O(n log n) for any text; only stretches around unstable characters are rebuilt.
/// Source: Unicode Standard Annex 15; the data is utf8proc's.
std::string_view normalize_nfc(std::string_view text, std::string& buffer);

}  // namespace genesis::data
