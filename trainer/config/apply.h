#pragma once
#include <string>
#include <vector>

#include "trainer/config/entry.h"
#include "trainer/config/foreign.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// Stores one layer of entries (a file, or a command line) into `config`; a later layer replaces what an
/// earlier one said. `notices` gets one line for each key that was given under another name or that has no
/// effect. Errors: ConfigError with place and key: unknown key (with the nearest known one), wrong type, out
/// of range, one key twice in the layer, two names of one key with different values.
void apply_entries(const std::vector<Entry>& layer, Scope scope, TrainConfig& config,
                   std::vector<std::string>& notices);

}  // namespace genesis::trainer
