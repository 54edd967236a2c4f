// 1,000 random runs: any number of rows, split over ranks and accumulation, stopped and resumed on other
// splits. Every row once an epoch, and the same global order as one rank that never stopped.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "data/sampler/step_plan.h"
#include "tests/support/sample_lengths.h"

namespace genesis::data {
namespace {

struct Case {
  int64_t n = 1, global = 1, epochs = 1;
  uint64_t seed = 0;
  bool grouped = false;
};

/// A random way to cut `global` rows.
BatchShape split(int64_t global, std::mt19937_64& random) {
  std::vector<BatchShape> shapes;
  for (int64_t ranks = 1; ranks <= global; ++ranks)
    for (int64_t accumulation = 1; accumulation * ranks <= global; ++accumulation)
      if (global % (ranks * accumulation) == 0)
        shapes.push_back({global / (ranks * accumulation), accumulation, ranks});
  return shapes[random() % shapes.size()];
}

std::vector<int64_t> step(const StepPlan& plan, int64_t consumed) {
  std::vector<int64_t> all;
  for (int64_t micro = 0; micro < plan.shape().accumulation; ++micro)
    for (int64_t rank = 0; rank < plan.shape().ranks; ++rank)
      for (const int64_t s : plan.samples(consumed, micro, rank)) all.push_back(s);
  return all;
}

void check(const Case& c, std::mt19937_64& random) {
  std::vector<int> lengths;
  for (int64_t i = 0; i < c.n; ++i) lengths.push_back(2 + int(random() % 50));
  const MemoryStore samples = testing::samples_of_lengths(lengths);
  const SampleRows rows = SampleRows::one_each(samples);
  const SampleOrder order(c.n, c.seed);
  const LengthGroups groups(order, rows, c.seed, c.global);

  std::vector<int64_t> seen;
  for (int64_t consumed = 0; consumed < c.n * c.epochs;) {
    // A new process with another split, which knows nothing but `consumed`.
    StepPlan plan(rows, order, split(c.global, random), c.n * c.epochs);
    if (c.grouped) plan.group(groups);
    for (int64_t steps = 1 + int64_t(random() % 5); steps > 0 && consumed < c.n * c.epochs; --steps) {
      for (const int64_t s : step(plan, consumed)) seen.push_back(s);
      consumed = plan.next(consumed);
    }
  }
  ASSERT_EQ(int64_t(seen.size()), c.n * c.epochs);
  for (int64_t g = 0; g < int64_t(seen.size()); ++g)
    ASSERT_EQ(seen[size_t(g)], c.grouped ? groups.at(g) : order.at(g));
  for (int64_t e = 0; e < c.epochs; ++e) {
    std::vector<int64_t> epoch(seen.begin() + e * c.n, seen.begin() + (e + 1) * c.n);
    std::sort(epoch.begin(), epoch.end());
    for (int64_t i = 0; i < c.n; ++i) ASSERT_EQ(epoch[size_t(i)], i);
  }
}

TEST(OrderProperty, EverySampleOnceAnEpochInOneOrderWhateverTheRanksAndTheStops) {
  std::mt19937_64 random(20240607);
  for (int i = 0; i < 1000; ++i) {
    const Case c{1 + int64_t(random() % 300), 1 + int64_t(random() % 12), 1 + int64_t(random() % 3), random(),
                 i % 2 == 1};
    SCOPED_TRACE(fmt::format("n {}, global batch {}, epochs {}, seed {}, grouped {}", c.n, c.global, c.epochs,
                             c.seed, c.grouped));
    check(c, random);
    if (HasFatalFailure()) return;
  }
}

TEST(LengthGroupsTest, StepsHoldRowsOfSimilarLength) {
  std::vector<int> lengths;
  std::mt19937_64 random(3);
  for (int i = 0; i < 4000; ++i) lengths.push_back(2 + int(random() % 500));
  const MemoryStore samples = testing::samples_of_lengths(lengths);
  const SampleRows rows = SampleRows::one_each(samples);
  const SampleOrder order(rows.size(), 5);
  const LengthGroups groups(order, rows, 5, 8);
  const auto spread = [&](auto&& at) {
    int64_t sum = 0;
    for (int64_t g = 0; g < rows.size(); g += 8) {
      int64_t low = 1 << 30, high = 0;
      for (int64_t i = g; i < g + 8; ++i) {
        low = std::min(low, rows.tokens(at(i)));
        high = std::max(high, rows.tokens(at(i)));
      }
      sum += high - low;
    }
    return double(sum) / double(rows.size() / 8);
  };
  EXPECT_GT(spread([&](int64_t g) { return order.at(g); }), 300);
  EXPECT_LT(spread([&](int64_t g) { return groups.at(g); }), 20);
}

}  // namespace
}  // namespace genesis::data
