// The sealed JSON of a folder of shards; a seal that fits is made for half of the inputs.
#include "data/shards/manifest.h"
#include "data/shards/sealed_json.h"
#include "tests/fuzz/shard_folder.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(shard_manifest) {
  static const genesis::fuzz::MemoryFolder folder;
  const auto path = folder.path() / genesis::data::Manifest::kFile;
  const auto object = nlohmann::json::parse(input, nullptr, false);
  if (object.is_object())
    genesis::data::write_sealed(path, object);
  else
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(input.data(), std::streamsize(input.size()));
  (void)genesis::data::Manifest::read(folder.path());
}
