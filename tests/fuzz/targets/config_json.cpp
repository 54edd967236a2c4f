// config.json of a model, and what is written from what was read.
#include "models/config/huggingface.h"
#include "models/names/checkpoint_layout.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(config_json) {
  using namespace genesis::models;
  const QwenConfig config = parse_huggingface_config(input, "fuzz").resolved();
  (void)parameter_count(config);
  const Naming naming = naming_of(config.family);
  const auto again = parse_huggingface_config(huggingface_config(config, naming), "again").resolved();
  if (parameter_count(again) != parameter_count(config)) __builtin_trap();
  if (config.n_layer <= 8) (void)checkpoint_layout(config, naming);
}
