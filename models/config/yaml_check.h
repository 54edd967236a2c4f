#pragma once
#include <string>

namespace genesis::models {

/// Reads a YAML text once without keeping anything, before yaml-cpp builds nodes of it: that library (0.7)
/// makes empty nodes without end of some texts that are no YAML, such as ",: x". Errors: ConfigError
/// "`name`:line:column: …" for what is not YAML and for such a text.
void check_yaml(const std::string& text, const std::string& name);

}  // namespace genesis::models
