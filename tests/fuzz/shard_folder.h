#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "data/shards/file_digest.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_file.h"
#include "tests/support/write_shards.h"

namespace genesis::fuzz {

/// A folder of its own in memory where the machine has one, which no disk slows; removed with it.
class MemoryFolder {
 public:
  MemoryFolder() {
    const std::filesystem::path memory = "/dev/shm";
    const auto place =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (place / "genesis-fuzz-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error(pattern + " cannot be made");
    path_ = pattern;
  }
  ~MemoryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A folder with one good shard of a few samples, made once a process; removed at its end.
class ShardFolder {
 public:
  static ShardFolder& one() {
    static ShardFolder folder;
    return folder;
  }

  /// Reads every sample of a shard of these bytes, listed as if they were what was written: behind the digest
  /// of the whole file stand the checksums of the HDF5 library and our digests of chunks and samples.
  void read(std::string_view bytes) const {
    const auto path = folder_.path() / kShard;
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), std::streamsize(bytes.size()));
    data::Manifest::Shard listed = manifest_.shards.front();
    listed.bytes = int64_t(bytes.size());
    listed.xxh3 = data::xxh3_of_file(path);
    const data::ShardFile shard(folder_.path(), listed, {kVocabulary, manifest_.weights.codes()});
    std::vector<int32_t> ids;
    std::vector<uint8_t> codes;
    for (const auto& row : shard.rows()) {
      ids.resize(size_t(row.length));
      codes.resize(size_t(row.length));
      shard.read(row.offset, ids, codes);
      for (const int32_t id : ids)
        if (id < 0 || id >= kVocabulary) __builtin_trap();
    }
  }
  const std::string& good() const { return good_; }

 private:
  static constexpr const char* kShard = "shard-00000.h5";
  static constexpr int32_t kVocabulary = 1000;

  ShardFolder() {
    const auto shards = folder_.path() / "shards";
    data::MemoryStore samples;
    for (int i = 0; i < 6; ++i) {
      data::LabelledTokens tokens;
      for (int t = 0; t < 5 + 7 * i; ++t) {
        tokens.ids.push_back((i * 131 + t * 7) % kVocabulary);
        tokens.labels.push_back(t % 2 ? tokens.ids.back() : data::kIgnoredLabel);
        tokens.weights.push_back(i == 3 ? 0.5f : 1);
      }
      samples.add(tokens);
    }
    testing::write_shards(samples, shards, {1 << 20, 64, 4}, kVocabulary);
    manifest_ = data::Manifest::read(shards);
    std::ifstream file(shards / kShard, std::ios::binary);
    good_.assign(std::istreambuf_iterator<char>(file), {});
  }

  MemoryFolder folder_;
  data::Manifest manifest_;
  std::string good_;
};

}  // namespace genesis::fuzz
