#include "parallel/ordered/sample_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace genesis::parallel {
namespace {

/// The sum of [first, last) written out, and the most values that were held at once.
struct Spoken {
  std::string text;
  int64_t held = 0;
};

Spoken spoken(int64_t first, int64_t last) {
  std::string current;
  std::vector<std::string> aside(64);
  Spoken result;
  walk_tree(
      first, last, [&](int64_t i) { current = std::to_string(i); },
      [&](int64_t depth) {
        aside[size_t(depth)] = current;
        result.held = std::max(result.held, depth + 1);
      },
      [&](int64_t depth) { current = "(" + aside[size_t(depth)] + "+" + current + ")"; });
  result.text = current;
  return result;
}

/// The sums of `ranks` equal parts, added by halving the ranks.
std::string over_ranks(int64_t samples, int64_t first, int64_t ranks, int64_t total_ranks) {
  if (ranks == 1) {
    const int64_t each = samples / total_ranks;
    return spoken(first * each, (first + 1) * each).text;
  }
  return "(" + over_ranks(samples, first, ranks / 2, total_ranks) + "+" +
         over_ranks(samples, first + ranks / 2, ranks / 2, total_ranks) + ")";
}

TEST(SampleTree, IsTheSameForAnyPowerOfTwoOfRanks) {
  EXPECT_EQ(spoken(0, 5).text, "(((0+1)+2)+(3+4))");
  for (int64_t samples : {1, 2, 3, 6, 8, 12, 24, 40, 64})
    for (int64_t ranks : {1, 2, 4, 8}) {
      if (!parts_are_nodes(samples, ranks)) continue;
      EXPECT_EQ(over_ranks(samples, 0, ranks, ranks), spoken(0, samples).text) << samples << " " << ranks;
    }
  EXPECT_FALSE(parts_are_nodes(9, 3));
  EXPECT_FALSE(parts_are_nodes(6, 4));
}

TEST(SampleTree, HoldsLogarithmicallyMany) {
  for (int64_t samples = 1; samples < 200; ++samples)
    EXPECT_EQ(spoken(0, samples).held, tree_depth(samples)) << samples;
  EXPECT_EQ(tree_depth(64), 6);
}

}  // namespace
}  // namespace genesis::parallel
