// The YAML of a model.
#include "models/config/model_keys.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(model_yaml) {
  using namespace genesis::models;
  const QwenConfig config = parse_yaml_config(std::string(input), "fuzz.yaml");
  if (parameter_count(parse_yaml_config(yaml_config(config), "again")) != parameter_count(config))
    __builtin_trap();
}
