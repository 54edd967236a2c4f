// generation_config.json.
#include "models/generation/generation_config.h"

#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(generation_config) { (void)genesis::models::GenerationConfig::parse(input, "fuzz"); }
