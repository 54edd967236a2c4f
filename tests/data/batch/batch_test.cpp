#include "data/batch/batch.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"

namespace genesis::data {
namespace {

constexpr int32_t X = kIgnoredLabel;

MemoryStore store() {
  MemoryStore samples;
  samples.add({{10, 11, 12, 13}, {X, X, 12, 13}});
  samples.add({{20}, {20}});
  samples.add({{30, 31, 32}, {30, 31, X}});
  return samples;
}

TEST(Batch, ShiftsInsideEachDocumentAndRestartsPositions) {
  const int64_t pick[] = {2, 0, 1};
  const Batch batch = build_batch(store(), pick);
  EXPECT_EQ(batch.input_ids, (std::vector<int32_t>{30, 31, 32, 10, 11, 12, 13, 20}));
  EXPECT_EQ(batch.targets, (std::vector<int32_t>{31, X, X, X, 12, 13, X, X}));
  EXPECT_EQ(batch.position_ids, (std::vector<int32_t>{0, 1, 2, 0, 1, 2, 3, 0}));
  EXPECT_EQ(batch.cu_seqlens, (std::vector<int32_t>{0, 3, 7, 8}));
  EXPECT_EQ(batch.samples, (std::vector<int64_t>{2, 0, 1}));
  EXPECT_EQ(batch.supervised, 3);
  EXPECT_EQ(batch.longest, 4);
  EXPECT_EQ(batch.tokens(), 8);
  EXPECT_EQ(batch.documents(), 3);
}

TEST(Batch, WeightsGoWithTheirTargets) {
  MemoryStore samples = store();
  samples.add({.ids = {40, 41, 42}, .labels = {X, 41, 42}, .weights = {1, 0.5, 2}});
  const int64_t pick[] = {0, 3, 1};
  const Batch batch = build_batch(samples, pick);
  EXPECT_EQ(batch.targets, (std::vector<int32_t>{X, 12, 13, X, 41, 42, X, X}));
  ASSERT_EQ(batch.weights.size(), batch.targets.size());
  for (size_t t = 0; t < batch.targets.size(); ++t) {
    if (batch.targets[t] == X) continue;
    EXPECT_EQ(batch.weights[t], batch.targets[t] == 41 ? 0.5f : batch.targets[t] == 42 ? 2.0f : 1.0f) << t;
  }
  EXPECT_EQ(batch.supervised, 4);
  EXPECT_EQ(batch.weight, 4.5);
  const int64_t plain[] = {0, 1};
  EXPECT_TRUE(build_batch(samples, plain).weights.empty());
}

TEST(Batch, MayBeEmpty) {
  const Batch batch = build_batch(store(), {});
  EXPECT_EQ(batch.tokens(), 0);
  EXPECT_EQ(batch.cu_seqlens, std::vector<int32_t>{0});
  EXPECT_EQ(batch.supervised, 0);
}

TEST(Batch, RefusesAnUnknownSample) {
  const int64_t pick[] = {3};
  EXPECT_NE(testing::message_of<Error>([&] { build_batch(store(), pick); }).find("sample 3 of 3"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::data
