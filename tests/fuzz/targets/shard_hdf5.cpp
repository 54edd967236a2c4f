// A shard of hostile bytes in a folder whose manifest is a good one: what a damaged or exchanged file meets.
#include "tests/fuzz/shard_folder.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(shard_hdf5) {
  const auto& folder = genesis::fuzz::ShardFolder::one();
  folder.replace(input, /*fitting=*/false);
  folder.read();
}
