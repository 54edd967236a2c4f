// The YAML a run is started with, up to the checked keys.
#include "tests/fuzz/target.h"
#include "trainer/config/apply.h"
#include "trainer/config/read_yaml.h"

GENESIS_FUZZ_TARGET(train_config) {
  using namespace genesis::trainer;
  TrainConfig config;
  std::vector<std::string> notices;
  apply_entries(read_yaml(std::string(input), "fuzz.yaml"), Scope::train, config, notices);
}
