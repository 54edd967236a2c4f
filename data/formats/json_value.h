#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "data/formats/text_source.h"

namespace genesis::data {

struct JsonMember;

/// One value of a JSON record, with the place where it begins.
struct JsonValue {
  enum class Kind : uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  SourcePosition at;
  bool truth = false;               ///< of a boolean
  double number = 0;                ///< of a number
  std::string text;                 ///< of a string
  std::vector<JsonValue> items;     ///< of an array
  std::vector<JsonMember> members;  ///< of an object, in file order; keys are unique

  /// The member of that key, or null.
  const JsonValue* find(std::string_view key) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

inline const JsonValue* JsonValue::find(std::string_view key) const {
  for (const auto& [name, value] : members)
    if (name == key) return &value;
  return nullptr;
}

constexpr std::string_view name_of(JsonValue::Kind kind) {
  constexpr std::string_view names[] = {"null", "a boolean", "a number", "a string", "a list", "an object"};
  return names[size_t(kind)];
}

/// Reads the one JSON object that begins at the source's next byte, `{`, and leaves the source behind its
/// `}`.
///   one_line: the object must end on its line (JSON Lines).
/// Errors: DataError `file:line:column: reason` for bad syntax, invalid UTF-8, a repeated key, nesting deeper
/// than
///   128, a NUL byte, more than kMostRecordBytes bytes, or an end of the file (or line) inside the object,
///   which also names where the object begins.
JsonValue read_json_object(TextSource& source, bool one_line);

/// A record may have this many bytes of JSON: far more than any conversation, and little enough that a file
/// without line ends does not fill the memory.
inline constexpr int64_t kMostRecordBytes = int64_t{64} << 20;

}  // namespace genesis::data
