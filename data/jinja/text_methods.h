#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace genesis::data::jinja {

/// Python's str methods on UTF-8 text.

/// Without the characters of `set` at its left and right ends; an empty `set` is white space.
std::string_view strip(std::string_view text, std::string_view set, bool left, bool right);
/// The parts between separators; an empty separator is runs of white space.
std::vector<std::string> split(std::string_view text, std::string_view separator);
/// Every `from` (not empty) as `to`.
std::string replace(std::string_view text, std::string_view from, std::string_view to);
/// The characters, one string each.
std::vector<std::string_view> characters(std::string_view text);

}  // namespace genesis::data::jinja
