#include "kernels/core/block_pool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

namespace genesis {
namespace {

/// Memory with an end, which counts what is asked of it.
struct Source {
  int64_t limit, held = 0;
  int asked = 0;
  std::map<void*, int64_t> segments;
  BlockPool pool{[this](int64_t bytes) -> void* {
                   ++asked;
                   if (held + bytes > limit) return nullptr;
                   held += bytes;
                   void* p = std::aligned_alloc(4096, size_t(bytes));
                   segments[p] = bytes;
                   return p;
                 },
                 [this](void* p) {
                   held -= segments.at(p);
                   segments.erase(p);
                   std::free(p);
                 }};
  explicit Source(int64_t bytes) : limit(bytes) {}
  ~Source() {
    for (auto& [p, bytes] : segments) std::free(p);
  }
};

constexpr int64_t kMb = int64_t{1} << 20;

TEST(BlockPool, ReusesWithoutAskingAgain) {
  Source s(1000 * kMb);
  for (int round = 0; round < 10; ++round) {
    std::vector<void*> blocks;
    for (int64_t mb = 1; mb < 20; ++mb) blocks.push_back(s.pool.take((mb + round) * kMb / 2));
    for (void* b : blocks) s.pool.give(b);
  }
  EXPECT_LE(s.asked, 3);
  EXPECT_EQ(s.pool.in_use(), 0);
  EXPECT_EQ(s.pool.reserved(), s.held);
}

TEST(BlockPool, JoinsNeighbours) {
  Source s(128 * kMb);
  std::vector<void*> blocks;
  for (int i = 0; i < 32; ++i) blocks.push_back(s.pool.take(4 * kMb));
  for (void* b : blocks) ASSERT_NE(b, nullptr);
  EXPECT_EQ(s.pool.take(4 * kMb), nullptr);
  for (size_t i = 0; i < blocks.size(); i += 2) s.pool.give(blocks[i]);
  for (size_t i = 1; i < blocks.size(); i += 2) s.pool.give(blocks[i]);
  EXPECT_EQ(s.pool.largest_free(), 128 * kMb);
  EXPECT_NE(s.pool.take(128 * kMb), nullptr);
}

TEST(BlockPool, GivesBackWhatIsFreeBeforeItFails) {
  Source s(300 * kMb);
  void* small = s.pool.take(1000);
  void* large = s.pool.take(200 * kMb);
  ASSERT_NE(small, nullptr);
  s.pool.give(large);
  EXPECT_NE(s.pool.take(280 * kMb), nullptr) << "the free 200 MB were not returned first";
  EXPECT_EQ(s.pool.take(100 * kMb), nullptr);
}

TEST(BlockPool, TakesTheLastMemoryInSmallerSegments) {
  Source s(20 * kMb);  // less than a segment
  EXPECT_NE(s.pool.take(10 * kMb), nullptr);
  EXPECT_EQ(s.held, 10 * kMb);
}

TEST(BlockPool, BlocksNeverOverlap) {
  Source s(4000 * kMb);
  std::mt19937 draw(1);
  std::map<char*, int64_t> live;
  for (int i = 0; i < 3000; ++i) {
    if (live.size() > 40 || (draw() % 3 == 0 && !live.empty())) {
      auto it = std::next(live.begin(), long(draw() % live.size()));
      s.pool.give(it->first);
      live.erase(it);
      continue;
    }
    const int64_t bytes = draw() % 2 ? int64_t(draw() % 5000) : int64_t(draw() % uint32_t(30 * kMb));
    auto* p = static_cast<char*>(s.pool.take(bytes));
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % BlockPool::kAlignment, 0u);
    const auto next = live.lower_bound(p);
    if (next != live.end()) {
      ASSERT_LE(p + bytes, next->first);
    }
    if (next != live.begin()) {
      ASSERT_LE(std::prev(next)->first + std::prev(next)->second, p);
    }
    live[p] = bytes;
  }
  for (auto& [p, bytes] : live) s.pool.give(p);
  s.pool.trim();
  EXPECT_EQ(s.held, 0);
}

}  // namespace
}  // namespace genesis
