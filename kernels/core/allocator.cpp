#include "kernels/core/allocator.h"

#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "kernels/core/check.h"
#include "kernels/core/cuda/memory.h"

namespace genesis {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = int64_t{1} << 21;

thread_local MemoryCategory thread_category = MemoryCategory::activations;

/// Eight size classes per power of two: at most 1/8 of a block is unused.
int64_t size_class(int64_t bytes) {
  if (bytes <= 8 * kAlignment) return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const int64_t step = std::max<int64_t>(kAlignment, int64_t(std::bit_floor(uint64_t(bytes))) / 8);
  return (bytes + step - 1) / step * step;
}

struct Pool {
  std::mutex mutex;
  std::map<int64_t, std::vector<void*>> free[2];  // by capacity, per device
  MemoryStats stats;
};

Pool& pool() {
  static Pool* instance = new Pool;  // never destroyed: arrays of static lifetime may outlive any order
  return *instance;
}

void* system_allocate(int64_t capacity, Device device) {
  if (device == Device::cuda) return cuda::allocate_bytes(capacity);
  const size_t alignment = capacity >= kHugePage ? kHugePage : kAlignment;
  const size_t rounded = (size_t(capacity) + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, rounded);
}

void system_release(void* p, Device device) {
  if (device == Device::cuda) return cuda::free_bytes(p);
  std::free(p);
}

void account(MemoryStats& s, MemoryCategory category, int64_t bytes) {
  const auto c = size_t(category);
  s.current[c] += bytes;
  s.current_total += bytes;
  s.peak[c] = std::max(s.peak[c], s.current[c]);
  s.peak_total = std::max(s.peak_total, s.current_total);
}

int64_t trim_locked(Pool& p) {
  int64_t given_back = 0;
  for (int d = 0; d < 2; ++d) {
    for (auto& [capacity, blocks] : p.free[d]) {
      for (void* b : blocks) system_release(b, Device(d));
      given_back += capacity * int64_t(blocks.size());
    }
    p.free[d].clear();
  }
  p.stats.reserved -= given_back;
  return given_back;
}

}  // namespace

MemoryScope::MemoryScope(MemoryCategory category) : previous_(thread_category) { thread_category = category; }
MemoryScope::~MemoryScope() { thread_category = previous_; }
MemoryCategory current_memory_category() { return thread_category; }

MemoryStats memory_stats() {
  std::lock_guard lock(pool().mutex);
  return pool().stats;
}

void count_outside_bytes(MemoryCategory category, int64_t bytes) {
  std::lock_guard lock(pool().mutex);
  account(pool().stats, category, bytes);
  pool().stats.reserved += bytes;
}

void reset_peak_memory() {
  std::lock_guard lock(pool().mutex);
  auto& s = pool().stats;
  s.peak = s.current;
  s.peak_total = s.current_total;
}

Block allocate(int64_t bytes, Device device) {
  if (bytes == 0) return {nullptr, 0, 0, device, thread_category};
  Block block{nullptr, bytes, size_class(bytes), device, thread_category};
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  auto found = p.free[int(device)].find(block.capacity);
  if (found != p.free[int(device)].end() && !found->second.empty()) {
    block.data = found->second.back();
    found->second.pop_back();
  } else {
    block.data = system_allocate(block.capacity, device);
    if (!block.data && trim_locked(p) > 0) block.data = system_allocate(block.capacity, device);
    GENESIS_CHECK(block.data, "out of memory on ", name_of(device), ": ", bytes, " bytes asked for ",
                  name_of(block.category), ", ", p.stats.current_total, " bytes in use");
    p.stats.reserved += block.capacity;
  }
  account(p.stats, block.category, bytes);
  return block;
}

void release(const Block& block) noexcept {
  if (!block.data) return;
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  p.free[int(block.device)][block.capacity].push_back(block.data);
  account(p.stats, block.category, -block.bytes);
}

int64_t trim_memory_cache() {
  std::lock_guard lock(pool().mutex);
  return trim_locked(pool());
}

}  // namespace genesis
