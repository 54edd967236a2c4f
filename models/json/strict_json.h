#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace genesis::models {

/// Deepest nesting accepted in any JSON file that comes with a model.
inline constexpr int kMaxJsonDepth = 64;

/// Parses JSON and refuses what parsers disagree on: duplicate keys, nesting deeper than kMaxJsonDepth, NUL
/// bytes, bytes that are not UTF-8, comments, a byte order mark, anything after the value.
///   Events go to `sax` (nlohmann's SAX interface), so nothing is built that the caller does not want.
///   passes_repeated(depth of the object, key): true lets a repeated key pass. Absent: none passes.
/// Errors: CheckpointError "file: what, at byte N".
using RepeatedKeyRule = std::function<bool(int depth, const std::string& key)>;
void parse_json_events(std::string_view text, nlohmann::json_sax<nlohmann::json>& sax,
                       const std::string& file, const RepeatedKeyRule& passes_repeated = {});

/// The same as a value.
nlohmann::json parse_json(std::string_view text, const std::string& file);

/// The bytes of a file. Errors: CheckpointError naming it when it cannot be opened.
std::string read_json_text(const std::filesystem::path& path);

/// Reads a whole file and parses it. Errors: CheckpointError naming the file when it is missing or malformed.
nlohmann::json read_json_file(const std::filesystem::path& path);

}  // namespace genesis::models
