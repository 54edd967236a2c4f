#pragma once
#include <optional>
#include <string>
#include <vector>

namespace genesis::trainer {

/// Takes a command's own options out of the words that follow it, so that they may stand before or after
/// CONFIG.yaml; what is left is for read_arguments.
///   take_flag: true when `name` is there.    take_value: what follows `name`, as its own word or after `=`.
/// Errors: ConfigError when a value is missing.
bool take_flag(std::vector<std::string>& words, const std::string& name);
std::optional<std::string> take_value(std::vector<std::string>& words, const std::string& name);

}  // namespace genesis::trainer
