#include "trainer/config/load.h"

#include "kernels/core/error.h"
#include "trainer/config/apply.h"
#include "trainer/config/batch.h"
#include "trainer/config/check.h"
#include "trainer/config/read_yaml.h"

namespace genesis::trainer {

LoadedConfig load_config(const ConfigArguments& arguments, int ranks) {
  if (arguments.path.empty() && arguments.overrides.empty())
    throw ConfigError("command line: no config given: genesis train CONFIG.yaml [key=value ...]");
  LoadedConfig loaded;
  if (!arguments.path.empty())
    apply_entries(read_yaml_file(arguments.path), Scope::train, loaded.config, loaded.notices);
  apply_entries(arguments.overrides, Scope::train, loaded.config, loaded.notices);
  check_config(loaded.config);
  plan_batch(loaded.config, ranks);
  return loaded;
}

}  // namespace genesis::trainer
