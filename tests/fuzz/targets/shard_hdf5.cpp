// A shard of hostile bytes that a manifest lists as good ones: they reach the HDF5 library.
#include "tests/fuzz/shard_folder.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(shard_hdf5) { genesis::fuzz::ShardFolder::one().read(input); }
