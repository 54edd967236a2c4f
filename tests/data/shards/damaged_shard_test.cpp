// A shard of about 64 KiB with every bit flipped, one after the other: reading it throws DataError or gives
// the tokens that were written.
//   GENESIS_ALL_BIT_FLIPS=1 flips every bit; otherwise every 509th.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "data/shards/file_digest.h"
#include "data/shards/sealed_json.h"
#include "data/shards/shard_store.h"
#include "tests/support/error_message.h"
#include "tests/support/sample_lengths.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_shards.h"

namespace genesis::data {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), std::streamsize(bytes.size()));
}

class DamagedShard : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<int> lengths;
    for (int i = 0; i < 150; ++i) lengths.push_back(2 + (i * 37) % 90);
    samples_ = testing::samples_of_lengths(lengths);
    testing::write_shards(samples_, folder_ / "s", {1 << 20, 2048, 64}, 1 << 20);
    shard_ = folder_ / "s" / "shard-00000.h5";
    good_ = bytes_of(shard_);
  }

  enum class Outcome { refused, harmless, wrong };
  Outcome read() const {
    try {
      const ShardStore store(folder_ / "s");
      if (store.size() != samples_.size()) return Outcome::wrong;
      for (int64_t i = 0; i < store.size(); ++i) {
        const SampleView a = samples_.sample(i), b = store.sample(i);
        if (!std::ranges::equal(a.ids, b.ids) || !std::ranges::equal(a.supervised, b.supervised))
          return Outcome::wrong;
      }
      return Outcome::harmless;
    } catch (const DataError&) {
      return Outcome::refused;
    }
  }

  static size_t stride() { return std::getenv("GENESIS_ALL_BIT_FLIPS") ? 1 : 509; }

  testing::TempFolder folder_;
  MemoryStore samples_;
  fs::path shard_;
  std::string good_;
};

TEST_F(DamagedShard, EveryFlippedBitIsRefused) {
  ASSERT_GT(good_.size(), 48u << 10);
  ASSERT_LT(good_.size(), 80u << 10);
  ASSERT_EQ(read(), Outcome::harmless);
  std::string bytes = good_;
  size_t flips = 0, refused = 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); bit += stride(), ++flips) {
    bytes[bit / 8] = char(bytes[bit / 8] ^ (1 << bit % 8));
    put(shard_, bytes);
    refused += read() == Outcome::refused;
    bytes[bit / 8] = good_[bit / 8];
  }
  EXPECT_EQ(refused, flips);
  std::printf("%zu flips of a shard of %zu bytes: %zu refused\n", flips, good_.size(), refused);
}

// The same with a manifest that fits the damaged file: what the checksums inside the file and the chunks' own
// digests see without the outer one.
TEST_F(DamagedShard, NoFlippedBitGivesWrongTokensEvenWhenTheManifestIsMadeToFit) {
  const fs::path manifest = folder_ / "s" / Manifest::kFile;
  const auto sealed = read_sealed(manifest);
  std::string bytes = good_;
  size_t flips = 0, count[3] = {0, 0, 0};
  for (size_t bit = 7; bit < 8 * bytes.size(); bit += stride(), ++flips) {
    bytes[bit / 8] = char(bytes[bit / 8] ^ (1 << bit % 8));
    put(shard_, bytes);
    auto fitting = sealed;
    fitting["shards"][0]["xxh3"] = xxh3_of_file(shard_);
    write_sealed(manifest, fitting);
    const Outcome outcome = read();
    ++count[size_t(outcome)];
    EXPECT_NE(outcome, Outcome::wrong) << "bit " << bit;
    bytes[bit / 8] = good_[bit / 8];
  }
  EXPECT_GT(count[size_t(Outcome::refused)], flips / 2);
  std::printf("%zu flips with a fitting manifest: %zu refused, %zu harmless, %zu wrong\n", flips, count[0],
              count[1], count[2]);
}

TEST_F(DamagedShard, EveryFlippedBitOfTheManifestIsRefusedOrHarmless) {
  const fs::path manifest = folder_ / "s" / Manifest::kFile;
  const std::string good = bytes_of(manifest);
  std::string bytes = good;
  for (size_t bit = 0; bit < 8 * bytes.size(); bit += std::getenv("GENESIS_ALL_BIT_FLIPS") ? 1 : 7) {
    bytes[bit / 8] = char(bytes[bit / 8] ^ (1 << bit % 8));
    put(manifest, bytes);
    EXPECT_NE(read(), Outcome::wrong) << "bit " << bit;
    bytes[bit / 8] = good[bit / 8];
  }
}

TEST_F(DamagedShard, EveryTruncationIsRefused) {
  for (size_t size = 0; size < good_.size(); size += good_.size() / 200) {
    put(shard_, good_.substr(0, size));
    EXPECT_EQ(read(), Outcome::refused) << size;
  }
  fs::remove(shard_);
  EXPECT_EQ(read(), Outcome::refused);
}

TEST_F(DamagedShard, AChunkChangedAfterOpeningIsNamed) {
  const ShardStore store(folder_ / "s");
  std::string bytes = good_;
  const int32_t id = samples_.sample(149).ids.back();
  const size_t at = bytes.rfind(std::string(reinterpret_cast<const char*>(&id), sizeof id));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = char(bytes[at] ^ 1);
  std::fstream(shard_, std::ios::binary | std::ios::in | std::ios::out)
      .write(bytes.data(), std::streamsize(bytes.size()));
  const std::string message = testing::message_of<DataError>([&] { (void)store.sample(149); });
  EXPECT_NE(message.find("shard-00000.h5: array ids: chunk 3 has another digest"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace genesis::data
