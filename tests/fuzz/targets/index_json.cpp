// model.safetensors.index.json.
#include "models/safetensors/index.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(index_json) {
  const auto index = genesis::models::parse_safetensors_index(input, "folder/index.json");
  for (const auto& [tensor, shard] : index.shard_of)
    if (shard.find('/') != std::string::npos) __builtin_trap();
}
