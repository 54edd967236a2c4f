// The sealed JSON of a folder of shards; a seal that fits is made for half of the inputs.
#include "data/shards/manifest.h"
#include "tests/fuzz/shard_folder.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(shard_manifest) {
  static const std::filesystem::path folder = [] {
    const auto path = std::filesystem::temp_directory_path() / fmt::format("genesis-fuzz-{}", ::getpid());
    std::filesystem::create_directories(path);
    return path;
  }();
  const auto path = folder / genesis::data::Manifest::kFile;
  const auto object = nlohmann::json::parse(input, nullptr, false);
  if (object.is_object())
    genesis::data::write_sealed(path, object);
  else
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(input.data(), std::streamsize(input.size()));
  (void)genesis::data::Manifest::read(folder);
}
