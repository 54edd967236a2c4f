#include "data/shards/file_digest.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "data/dataset/sha256.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

template <class Add>
void read_blocks(const std::filesystem::path& path, Add&& add) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) throw DataError("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  std::vector<char> block(size_t{1} << 17);
  while (const size_t bytes = std::fread(block.data(), 1, block.size(), file.get())) add(block.data(), bytes);
  if (std::ferror(file.get())) throw DataError("{}: cannot be read: {}", path.string(), std::strerror(errno));
}

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path) {
  Sha256 sha;
  read_blocks(path, [&](const char* bytes, size_t count) { sha.add(bytes, count); });
  return sha.hex();
}

std::string xxh3_of_file(const std::filesystem::path& path) {
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  const std::unique_ptr<XXH3_state_t, Free> state(XXH3_createState());
  if (!state || XXH3_128bits_reset(state.get()) != XXH_OK) throw Error("libxxhash cannot start");
  read_blocks(path, [&](const char* bytes, size_t count) { XXH3_128bits_update(state.get(), bytes, count); });
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace genesis::data
