#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "data/shards/file_digest.h"
#include "data/shards/sealed_json.h"
#include "data/shards/shard_store.h"
#include "data/shards/shard_writer.h"

namespace genesis::fuzz {

/// A folder with one good shard of a few samples, made once a process; removed at its end.
class ShardFolder {
 public:
  static ShardFolder& one() {
    static ShardFolder folder;
    return folder;
  }

  /// Puts `bytes` in the place of the shard; `fitting`: the manifest is made to fit them.
  void replace(std::string_view bytes, bool fitting) const {
    put(path_ / "shards" / kShard, bytes);
    auto manifest = sealed_;
    if (fitting) {
      manifest["shards"][0]["bytes"] = bytes.size();
      manifest["shards"][0]["xxh3"] = data::xxh3_of_file(path_ / "shards" / kShard);
    }
    data::write_sealed(path_ / "shards" / data::Manifest::kFile, manifest);
  }
  /// Reads every sample.
  void read() const {
    const data::ShardStore store(path_ / "shards");
    uint64_t sum = 0;
    for (int64_t i = 0; i < store.size(); ++i)
      for (const int32_t id : store.sample(i).ids) {
        if (id < 0 || id >= kVocabulary) __builtin_trap();
        sum += uint64_t(id);
      }
    if (sum == ~uint64_t(0)) __builtin_trap();
  }
  const std::string& good() const { return good_; }

 private:
  static constexpr const char* kShard = "shard-00000.h5";
  static constexpr int32_t kVocabulary = 1000;

  ShardFolder() {
    const std::filesystem::path memory = "/dev/shm";
    const auto place =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (place / "genesis-fuzz-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    data::ShardWriter writer(path_ / "shards", {1 << 20, 64, 4});
    data::SftSummary sum;
    for (int i = 0; i < 6; ++i) {
      data::LabelledTokens tokens;
      for (int t = 0; t < 5 + 7 * i; ++t) {
        tokens.ids.push_back((i * 131 + t * 7) % kVocabulary);
        tokens.labels.push_back(t % 2 ? tokens.ids.back() : data::kIgnoredLabel);
      }
      ++sum.samples;
      sum.tokens += int64_t(tokens.ids.size());
      sum.supervised_tokens += data::learnable_tokens(tokens);
      writer.add(tokens, {0, i});
    }
    data::Provenance provenance{.vocab_size = kVocabulary};
    provenance.sources.resize(1);
    writer.finish(provenance, sum);
    sealed_ = data::read_sealed(path_ / "shards" / data::Manifest::kFile);
    std::ifstream file(path_ / "shards" / kShard, std::ios::binary);
    good_.assign(std::istreambuf_iterator<char>(file), {});
  }
  ~ShardFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  static void put(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), std::streamsize(bytes.size()));
  }

  std::filesystem::path path_;
  std::string good_;
  nlohmann::json sealed_;
};

}  // namespace genesis::fuzz
