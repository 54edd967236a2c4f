#include "kernels/core/allocator.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace genesis {
namespace {

constexpr int64_t kMb = int64_t{1} << 20;

TEST(Allocator, HoldsWhatWasInUseAndNotEverySizeThereWas) {
  trim_memory_cache();
  const MemoryStats before = memory_stats();
  std::mt19937 draw(3);
  for (int step = 0; step < 200; ++step) {  // a step of 24 blocks of sizes nothing had before
    std::vector<Block> blocks;
    for (int i = 0; i < 24; ++i)
      blocks.push_back(allocate(kMb + int64_t(draw() % uint32_t(2 * kMb)), Device::cpu));
    for (const Block& block : blocks) release(block);
  }
  const MemoryStats after = memory_stats();
  EXPECT_EQ(after.current_total, before.current_total);
  EXPECT_LT(after.reserved - before.reserved, 2 * 24 * 3 * kMb);
  EXPECT_GE(trim_memory_cache(), after.reserved - before.reserved);
  EXPECT_EQ(memory_stats().reserved, before.reserved);
}

TEST(Allocator, CountsBytesAsAskedFor) {
  const MemoryStats before = memory_stats();
  const MemoryScope scope(MemoryCategory::workspace);
  const Block odd = allocate(1001, Device::cpu), large = allocate(3 * kMb + 1, Device::cpu);
  const auto workspace = size_t(MemoryCategory::workspace);
  EXPECT_EQ(memory_stats().current[workspace] - before.current[workspace], 1001 + 3 * kMb + 1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(odd.data) % 64, 0u);
  release(odd);
  release(large);
  EXPECT_EQ(memory_stats().current_total, before.current_total);
}

TEST(Allocator, ThreadsShareIt) {
  const int64_t before = memory_stats().current_total;
  const auto work = [](unsigned seed) {
    std::mt19937 draw(seed);
    std::vector<Block> live;
    for (int i = 0; i < 400; ++i) {
      live.push_back(allocate(1 + int64_t(draw() % 200'000), Device::cpu));
      std::memset(live.back().data, int(seed), size_t(live.back().bytes));
      if (live.size() < 8) continue;
      const size_t which = draw() % live.size();
      const auto* bytes = static_cast<const unsigned char*>(live[which].data);
      for (int64_t b = 0; b < live[which].bytes; ++b)
        if (bytes[b] != seed) return false;  // somebody else was given these bytes too
      release(live[which]);
      live.erase(live.begin() + long(which));
    }
    for (const Block& block : live) release(block);
    return true;
  };
  std::array<bool, 4> good{};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < good.size(); ++t) threads.emplace_back([&, t] { good[t] = work(t + 1); });
  }
  for (const bool g : good) EXPECT_TRUE(g);
  EXPECT_EQ(memory_stats().current_total, before);
}

// Blocks lie side by side in one piece of memory; the sanitizer still sees who writes behind one or into one
// that was given back.
TEST(Allocator, PoisonsWhatIsNoBlock) {
  const Block block = allocate(100, Device::cpu);
  auto* bytes = static_cast<char*>(block.data);
  bytes[99] = 1;
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_FALSE(__asan_address_is_poisoned(bytes + 99));
  EXPECT_TRUE(__asan_address_is_poisoned(bytes + 100));
  release(block);
  EXPECT_TRUE(__asan_address_is_poisoned(bytes));
#else
  release(block);
#endif
}

}  // namespace
}  // namespace genesis
