// A good shard with up to eight bytes changed and a manifest made to fit: the checksums inside the file, our
// chunk digests and the HDF5 library stand alone. Input: groups of three bytes, two of place and one of
// value.
#include "tests/fuzz/shard_folder.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(shard_edits) {
  const auto& folder = genesis::fuzz::ShardFolder::one();
  std::string bytes = folder.good();
  for (size_t i = 0; i + 3 <= input.size() && i < 24; i += 3) {
    const size_t place = (size_t(uint8_t(input[i])) << 8 | uint8_t(input[i + 1])) % bytes.size();
    bytes[place] = char(bytes[place] ^ input[i + 2]);
  }
  folder.read(bytes);
}
