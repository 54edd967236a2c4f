#pragma once
#include <string>
#include <vector>

#include "trainer/config/entry.h"

namespace genesis::trainer {

/// The words after `genesis train`: at most one config file, and overrides.
struct ConfigArguments {
  std::string path;              ///< "" when every key is on the command line
  std::vector<Entry> overrides;  ///< where = "command line"
  bool help = false;             ///< -h or --help stands among them
  bool help_config = false;      ///< --help-config stands among them
};

/// Understands `CONFIG.yaml key=value --key value --key=value --flag`, in any order. Dashes inside `--key`
/// are underscores; a list is `[a, b]` or `a,b`; `--flag` alone is true where the key is true or false.
/// Errors: ConfigError for a second file, an option without a value, or a word that is neither.
ConfigArguments read_arguments(const std::vector<std::string>& words);

}  // namespace genesis::trainer
