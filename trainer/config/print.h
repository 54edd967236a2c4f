#pragma once
#include <string>

#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// The config as YAML: every key that has a value, model keys under `model:`, in the order of the table.
/// Read back, it is equal to `config`. Determinism: the same text for equal configs.
std::string write_resolved(const TrainConfig& config);

/// What `--help-config` prints: every key with type, range, default, other names and meaning.
std::string config_help();

/// docs/config.md, made from the same table.
std::string config_markdown();

}  // namespace genesis::trainer
