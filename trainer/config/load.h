#pragma once
#include <string>
#include <vector>

#include "trainer/config/read_arguments.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// A config and what there is to say about how it was read (other names of keys, keys without effect).
struct LoadedConfig {
  TrainConfig config;
  std::vector<std::string> notices;
};

/// The config of a command line: defaults, then the file, then the overrides; checked as a whole for a run of
/// `ranks`. Reads nothing but the file itself (and the model YAML it names); takes about a millisecond.
/// Errors: ConfigError with file:line and key.
LoadedConfig load_config(const ConfigArguments& arguments, int ranks = 1);

}  // namespace genesis::trainer
