#include "parallel/bucket_layout.h"

#include <gtest/gtest.h>

#include <map>

namespace genesis::parallel {
namespace {

std::vector<ParameterSize> some_parameters() {
  std::vector<ParameterSize> all;
  for (int64_t n : {1000, 7, 64, 4096, 3, 129, 5000, 1, 640}) all.push_back({.count = n});
  return all;
}

TEST(BucketLayout, HoldsEveryParameterOnceInReverseOrder) {
  const auto parameters = some_parameters();
  const auto buckets = bucket_layout(parameters, 8192, 1);
  size_t next = parameters.size();
  for (const auto& b : buckets) {
    int64_t end = 0;
    for (const auto& m : b.members) {
      EXPECT_EQ(m.parameter, --next);
      EXPECT_EQ(m.count, parameters[m.parameter].count);
      EXPECT_GE(m.offset, end);
      EXPECT_EQ(m.offset % 16, 0);  // a cache line of f32
      end = m.offset + m.count;
    }
    EXPECT_LE(end, b.count);
    EXPECT_TRUE(b.gradient_bytes() <= 8192 || b.members.size() == 1);
  }
  EXPECT_EQ(next, 0u);
  EXPECT_GT(buckets.size(), 3u);
}

TEST(BucketLayout, OwnedSlicesOfAllRanksTileEveryParameter) {
  const auto parameters = some_parameters();
  for (int ranks : {1, 2, 3, 4, 7}) {
    const auto buckets = bucket_layout(parameters, 8192, ranks);
    std::map<size_t, std::vector<int>> seen;  // [parameter][element]
    for (size_t i = 0; i < parameters.size(); ++i) seen[i].assign(size_t(parameters[i].count), 0);
    for (int r = 0; r < ranks; ++r)
      for (const OwnedSlice& s : owned_slices(buckets, r, ranks)) {
        for (int64_t e = s.begin; e < s.end; ++e) ++seen[s.parameter][size_t(e)];
        const int64_t each = buckets[s.bucket].count / ranks;
        EXPECT_GE(s.offset, r * each);
        EXPECT_LE(s.offset + s.end - s.begin, (r + 1) * each);
      }
    for (const auto& [i, counts] : seen)
      for (int n : counts) ASSERT_EQ(n, 1) << ranks << " ranks, parameter " << i;
    for (const auto& b : buckets) EXPECT_EQ(b.count % ranks, 0);
  }
}

TEST(BucketLayout, TypesDoNotShareABucketAndOrderIsThatOfCompletion) {
  std::vector<ParameterSize> parameters(6, {.count = 100});
  for (size_t i : {1, 3, 5}) parameters[i].weight = DType::bf16;
  const auto buckets = bucket_layout(parameters, 1 << 20, 2);
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].weight, DType::bf16);  // its last member to complete is 1, of the other 0
  EXPECT_EQ(buckets[0].members.size(), 3u);
  EXPECT_EQ(buckets[1].weight, DType::f32);
  EXPECT_EQ(buckets[0].weight_bytes(), buckets[0].gradient_bytes() / 2);
}

}  // namespace
}  // namespace genesis::parallel
