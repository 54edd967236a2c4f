#pragma once
#include "models/config/qwen_config.h"

namespace genesis::models {

/// Whether `size` ranks can share one copy of the model: the query heads and the feed-forward width divide by
/// it, and the KV heads either divide by it or divide it (each is then held by several ranks).
/// Errors: ConfigError naming what does not divide, all figures, and the sizes up to 64 that are possible.
void check_tensor_split(const QwenConfig& config, int size);

}  // namespace genesis::models
