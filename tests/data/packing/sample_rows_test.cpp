#include "data/packing/sample_rows.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/error.h"
#include "kernels/core/rng.h"
#include "tests/support/error_message.h"
#include "tests/support/sample_lengths.h"

namespace genesis::data {
namespace {

std::vector<int> random_lengths(int n, int most) {
  std::vector<int> lengths;
  for (int i = 0; i < n; ++i) lengths.push_back(2 + int(philox(11, 0, uint64_t(i))[0] % uint32_t(most - 1)));
  return lengths;
}

std::vector<std::vector<int64_t>> contents(const SampleRows& rows) {
  std::vector<std::vector<int64_t>> all;
  for (int64_t r = 0; r < rows.size(); ++r) all.emplace_back(rows.samples(r).begin(), rows.samples(r).end());
  return all;
}

TEST(SampleRows, OneEachKeepsTheOrder) {
  const auto samples = testing::samples_of_lengths({3, 5, 2});
  const auto rows = SampleRows::one_each(samples);
  EXPECT_EQ(contents(rows), (std::vector<std::vector<int64_t>>{{0}, {1}, {2}}));
  EXPECT_EQ(rows.tokens(1), 5);
  EXPECT_EQ(rows.supervised(1), samples.supervised(1));
}

TEST(SampleRows, PackedRowsHoldEverySampleOnceAndFit) {
  const auto samples = testing::samples_of_lengths(random_lengths(900, 100));
  const auto rows = SampleRows::packed(samples, 100, 1);
  std::vector<int64_t> seen;
  int64_t tokens = 0, supervised = 0;
  for (int64_t r = 0; r < rows.size(); ++r) {
    int64_t length = 0, targets = 0;
    for (int64_t s : rows.samples(r)) {
      seen.push_back(s);
      length += samples.length(s);
      targets += samples.supervised(s);
    }
    EXPECT_EQ(rows.tokens(r), length);
    EXPECT_EQ(rows.supervised(r), targets);
    EXPECT_LE(length, 100);
    tokens += length;
    supervised += targets;
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(int64_t(seen.size()), samples.size());
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], int64_t(i));
  EXPECT_EQ(tokens, samples.tokens());
  EXPECT_EQ(supervised, samples.supervised_tokens());
  EXPECT_GT(double(tokens) / double(100 * rows.size()), 0.95);  // how full the rows are
}

TEST(SampleRows, BestFitTakesTheTightestRow) {
  // 60 + 40 and 70 + 30 fill two rows; first fit would put 30 beside 60.
  const auto samples = testing::samples_of_lengths({30, 60, 70, 40});
  auto rows = contents(SampleRows::packed(samples, 100, 1));
  EXPECT_EQ(rows, (std::vector<std::vector<int64_t>>{{2, 0}, {1, 3}}));
}

TEST(SampleRows, AreAFunctionOfTheSeed) {
  const auto samples = testing::samples_of_lengths(std::vector<int>(200, 10));
  const auto a = contents(SampleRows::packed(samples, 40, 1)),
             b = contents(SampleRows::packed(samples, 40, 2));
  EXPECT_EQ(a, contents(SampleRows::packed(samples, 40, 1)));
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), 50u);
}

TEST(SampleRows, RefusesASampleThatDoesNotFit) {
  const auto samples = testing::samples_of_lengths({3, 9});
  EXPECT_NE(
      testing::message_of<Error>([&] { SampleRows::packed(samples, 8, 1); }).find("sample 1 has 9 tokens"),
      std::string::npos);
  EXPECT_EQ(SampleRows::packed(MemoryStore(), 8, 1).size(), 0);
}

}  // namespace
}  // namespace genesis::data
