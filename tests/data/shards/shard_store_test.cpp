#include "data/shards/shard_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "data/dataset/sft_dataset.h"
#include "data/shards/durable_folder.h"
#include "data/shards/row_index.h"
#include "data/shards/shard_writer.h"
#include "tests/support/error_message.h"
#include "tests/support/sample_lengths.h"
#include "tests/support/shard_request.h"
#include "tests/support/write_shards.h"

namespace genesis::data {
namespace {

using testing::message_of;
using testing::TempFolder;
using testing::write_shards;

void expect_equal(const SampleStore& a, const SampleStore& b) {
  ASSERT_EQ(a.size(), b.size());
  for (int64_t i = 0; i < a.size(); ++i) {
    const SampleView x = a.sample(i), y = b.sample(i);
    ASSERT_TRUE(std::ranges::equal(x.ids, y.ids)) << i;
    ASSERT_TRUE(std::ranges::equal(x.supervised, y.supervised)) << i;
    ASSERT_EQ(a.supervised(i), b.supervised(i));
    ASSERT_EQ(a.weight(i), b.weight(i));
  }
  EXPECT_EQ(a.digest("x"), b.digest("x"));
}

TEST(ShardStore, GivesBackEverySampleWhateverTheSizeOfShardsAndChunks) {
  std::vector<int> lengths;
  for (int i = 0; i < 300; ++i) lengths.push_back(2 + (i * 37) % 90);
  lengths.push_back(5000);
  const MemoryStore samples = testing::samples_of_lengths(lengths);
  const TempFolder folder;
  for (const ShardWriter::Options options :
       {ShardWriter::Options{}, {1000, 64, 8}, {1, 7, 1}, {1 << 20, 1, 1000}}) {
    write_shards(samples, folder / "s", options);
    const ShardStore store(folder / "s");
    expect_equal(samples, store);
    EXPECT_EQ(store.manifest().shards.size() > 1, options.shard_tokens < 20000);
    EXPECT_NE(message_of<Error>([&] { (void)store.sample(301); }).find("sample 301 of 301"),
              std::string::npos);
  }
}

TEST(ShardStore, KeepsTheWeightsOfTokens) {
  const TempFolder folder;
  MemoryStore samples;
  for (int i = 0; i < 60; ++i) {
    LabelledTokens tokens = testing::labelled(testing::samples_of_lengths({20}).sample(0));
    for (size_t t = 0; t < 20; ++t) tokens.weights[t] = i % 3 ? float(1 + i % 3) / 2 : 1;
    samples.add(tokens);
  }
  write_shards(samples, folder / "s", {500, 64, 8});
  const ShardStore store(folder / "s");
  expect_equal(samples, store);
  EXPECT_EQ(store.sample(2).weight(1), 1.5f);
  EXPECT_EQ(store.weight(2), 1.5 * double(store.supervised(2)));
  EXPECT_EQ(read_small_file(folder / "s" / Manifest::kFile).find("genesis shards 1"), std::string::npos)
      << "a program that knows no weights would read these shards";
  write_shards(testing::samples_of_lengths({20}), folder / "plain");
  EXPECT_NE(read_small_file(folder / "plain" / Manifest::kFile).find("genesis shards 1"), std::string::npos);
}

TEST(ShardStore, MayBeReadByManyThreads) {
  std::vector<int> lengths(2000, 50);
  const MemoryStore samples = testing::samples_of_lengths(lengths);
  const TempFolder folder;
  write_shards(samples, folder / "s", {20000, 512, 64});
  const ShardStore store(folder / "s");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { expect_equal(samples, store); });
}

TEST(ShardStore, PreparedSamplesAreThoseOfALoadInMemory) {
  const TempFolder folder;
  testing::ShardRequest r;
  r.add(folder.write("a.jsonl", testing::ShardRequest::records(300) + testing::ShardRequest::records(5)));
  r.add(folder.write("b.json", R"([{"instruction": "Add.", "output": "Done."}])"));
  const auto request = r.request();
  const Manifest manifest = prepare(request, provenance_of(request), folder / "s");
  const ShardStore store(folder / "s");
  const SftDataset memory = SftDataset::load(r.files(), r.chat(), r.options);
  expect_equal(memory.samples(), store);
  EXPECT_EQ(manifest.summary.text(), memory.summary().text());
  EXPECT_EQ(manifest.summary.duplicates, 5);
  EXPECT_EQ(store.manifest().summary.to_json(), manifest.summary.to_json());
  EXPECT_EQ(store.manifest().provenance.sources[0].samples, 305);
  EXPECT_EQ(store.manifest().provenance.sources[1].samples, 1);
  EXPECT_EQ(SftDataset::of(std::make_shared<ShardStore>(folder / "s"), manifest.summary,
                           SftDataset::settings_of(r.chat(), r.options))
                .digest(),
            memory.digest());
}

TEST(ShardStore, KeepsPackedRowsBesideTheSamples) {
  std::vector<int> lengths;
  for (int i = 0; i < 500; ++i) lengths.push_back(2 + (i * 37) % 90);
  const MemoryStore samples = testing::samples_of_lengths(lengths);
  const TempFolder folder;
  write_shards(samples, folder / "s");
  EXPECT_FALSE(read_row_index(folder / "s", {100, 7}, samples));
  const SampleRows rows = SampleRows::packed(samples, 100, 7);
  write_row_index(folder / "s", {100, 7}, rows);
  const auto again = read_row_index(folder / "s", {100, 7}, samples);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), rows.size());
  for (int64_t r = 0; r < rows.size(); ++r) {
    ASSERT_TRUE(std::ranges::equal(rows.samples(r), again->samples(r)));
    ASSERT_EQ(rows.supervised(r), again->supervised(r));
  }
  EXPECT_FALSE(read_row_index(folder / "s", {100, 8}, samples));
  lengths.pop_back();
  EXPECT_NE(message_of<DataError>([&] {
              (void)read_row_index(folder / "s", {100, 7}, testing::samples_of_lengths(lengths));
            }).find("does not hold each of the 499 samples once"),
            std::string::npos);
}

TEST(ShardWriter, LeavesNothingBehindWhenItIsNotFinished) {
  const TempFolder folder;
  {
    ShardWriter writer(folder / "s");
    writer.add({{1, 2, 3}, {kIgnoredLabel, 2, 3}}, {0, 1});
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace genesis::data
