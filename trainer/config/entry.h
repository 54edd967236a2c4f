#pragma once
#include <string>
#include <vector>

namespace genesis::trainer {

/// A value as written, before anybody knows what type its key has.
struct Value {
  enum class Kind { null, plain, quoted, list };
  Kind kind = Kind::null;
  std::string text;                ///< of a plain or quoted scalar
  std::vector<std::string> items;  ///< of a list of scalars

  bool operator==(const Value&) const = default;
  /// As a message shows it: 'abc', "nothing" for null, [a, b] for a list.
  std::string shown() const;
};

/// `key: value` of a file or `key=value` of a command line. Keys of nested maps are joined by dots.
struct Entry {
  std::string key;
  Value value;
  std::string where;  ///< "sft.yaml:3" or "command line"

  /// "sft.yaml:3: key 'learning_rate'"
  std::string about() const;
};

}  // namespace genesis::trainer
