#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace genesis::trainer {

/// Which words a text is made of: a training config, or a model's own YAML (and what stands under `model:`).
enum class Scope { train, model };

/// A key of another trainer whose value means something else here, nothing here, or is only possible as it
/// stands.
struct ForeignKey {
  std::string name;
  std::vector<std::string> targets;  ///< Genesis keys that get the value; none: it only has to be acceptable
  /// given value -> value for the targets. "" says nothing. A given "*" stands for every value, "=" passes it
  /// on.
  std::vector<std::pair<std::string, std::string>> values;
  std::string reason;  ///< ends the message when the value is not among `values`
};

/// The row of `name`, or null.
const ForeignKey* find_foreign(std::string_view name, Scope scope);

}  // namespace genesis::trainer
