#pragma once
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// Rules between keys: what cannot be said together, and what this build cannot do.
/// Errors: ConfigError with both places.
void check_config(const TrainConfig& config);

/// What `genesis train` cannot start without: a model, data, output_dir; that every named path exists; and
/// that nothing is asked for that this release cannot do. Errors: ConfigError naming the key and the path.
void check_ready_to_train(const TrainConfig& config);

}  // namespace genesis::trainer
