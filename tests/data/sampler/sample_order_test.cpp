#include "data/sampler/sample_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"

namespace genesis::data {
namespace {

std::vector<int64_t> epoch(const SampleOrder& order, int64_t e) {
  std::vector<int64_t> seen;
  for (int64_t i = 0; i < order.size(); ++i) seen.push_back(order.at(e * order.size() + i));
  return seen;
}

TEST(SampleOrder, EveryEpochIsAPermutation) {
  for (int64_t n : {1, 2, 3, 7, 255, 256, 257, 1000, 5000})
    for (int64_t e : {0, 1, 7}) {
      auto seen = epoch(SampleOrder(n, 42), e);
      std::sort(seen.begin(), seen.end());
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(seen[size_t(i)], i) << n;
    }
}

TEST(SampleOrder, SeedsAndEpochsGiveDifferentOrders) {
  const SampleOrder a(1000, 1), b(1000, 2);
  EXPECT_NE(epoch(a, 0), epoch(b, 0));
  EXPECT_NE(epoch(a, 0), epoch(a, 1));
  EXPECT_EQ(epoch(a, 3), epoch(SampleOrder(1000, 1), 3));
  EXPECT_EQ(a.epoch_of(2999), 2);
}

TEST(SampleOrder, FrozenValues) {
  const SampleOrder order(1000, 42);
  const std::vector<int64_t> first = {order.at(0), order.at(1), order.at(2), order.at(999), order.at(1000)};
  EXPECT_EQ(first, (std::vector<int64_t>{721, 628, 177, 482, 847}));
}

TEST(SampleOrder, WithoutShufflingItIsTheFileOrder) {
  const SampleOrder order(5, 42, false);
  for (int64_t g = 0; g < 12; ++g) EXPECT_EQ(order.at(g), g % 5);
}

// Chi-square over the 24 orders of four samples, 23 degrees of freedom: 49.7 is passed once in 1000.
TEST(SampleOrder, AllOrdersAreEquallyLikely) {
  std::map<std::vector<int64_t>, int> counts;
  const int epochs = 24000;
  const SampleOrder order(4, 7);
  for (int e = 0; e < epochs; ++e) ++counts[epoch(order, e)];
  double chi = 0;
  for (const auto& [_, count] : counts) chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_EQ(counts.size(), 24u);
  EXPECT_LT(chi, 49.7);
}

// Neighbours in the file must not stay neighbours: the mean distance of two random places among n is n / 3.
TEST(SampleOrder, SpreadsNeighboursApart) {
  const int64_t n = 10000;
  const auto order = epoch(SampleOrder(n, 3), 0);
  double distance = 0;
  for (size_t i = 1; i < order.size(); ++i) distance += double(std::abs(order[i] - order[i - 1]));
  EXPECT_NEAR(distance / double(n - 1), double(n) / 3, 0.02 * double(n));
}

TEST(SampleOrder, RefusesNothing) {
  EXPECT_NE(testing::message_of<Error>([] { SampleOrder(0, 1); }).find("at least one"), std::string::npos);
  EXPECT_NE(testing::message_of<Error>([] { SampleOrder(3, 1).at(-1); }).find("negative"), std::string::npos);
}

}  // namespace
}  // namespace genesis::data
