#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "trainer/config/entry.h"

namespace genesis::trainer {

/// The entries of a YAML map, in the order written. Nested maps give dotted keys (`optimizer.lr`), a list of
/// maps gives one list per inner key (`datasets[].path`). Duplicates are kept: apply_entries refuses them
/// with both places. Errors: ConfigError naming `name`:line for text that is not YAML, is not a map, nests
/// lists or is deeper than 8 maps.
std::vector<Entry> read_yaml(const std::string& text, const std::string& name);

/// As read_yaml, of a file. Errors: also ConfigError when the file cannot be read or has more than 4 MiB.
std::vector<Entry> read_yaml_file(const std::filesystem::path& path);

}  // namespace genesis::trainer
