#include "kernels/core/allocator.h"

#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/core/allocation_fault.h"
#include "kernels/core/block_pool.h"
#include "kernels/core/check.h"
#include "kernels/core/cuda/runtime.h"

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
  std::map<int64_t, std::vector<void*>> free;  // CPU blocks by capacity
  BlockPool card{cuda::allocate_bytes, cuda::free_bytes};
  MemoryStats stats[2];  // by device
};

Pool& pool() {
  static Pool* instance = new Pool;  // never destroyed: arrays of static lifetime may outlive any order
  return *instance;
}

void* system_allocate(int64_t capacity) {
  const size_t alignment = capacity >= kHugePage ? kHugePage : kAlignment;
  const size_t rounded = (size_t(capacity) + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, rounded);
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
  for (auto& [capacity, blocks] : p.free) {
    for (void* b : blocks) std::free(b);
    given_back += capacity * int64_t(blocks.size());
  }
  p.free.clear();
  p.stats[0].reserved -= given_back;
  given_back += p.card.trim();
  p.stats[1].reserved = p.card.reserved();
  return given_back;
}

std::string megabytes(int64_t bytes) { return fmt::format("{:.1f} MB", double(bytes) / double(1 << 20)); }

std::string in_use_text(const MemoryStats& s) {
  std::string text;
  for (int c = 0; c < kMemoryCategories; ++c) {
    text += fmt::format("{}{} {}", c == 0 ? "" : ", ", name_of(MemoryCategory(c)),
                        megabytes(s.current[size_t(c)]));
  }
  return text;
}

/// What a user can change when bytes of this kind do not fit.
std::string_view remedy(MemoryCategory c) {
  if (c == MemoryCategory::activations || c == MemoryCategory::workspace)
    return "gradient_checkpointing=full, a smaller per_device_train_batch_size (with more "
           "gradient_accumulation_steps) or a smaller max_seq_len would make it fit";
  return "precision=bf16-true (no f32 masters), zero_stage=1 or tensor_parallel_size over more GPUs, or a "
         "smaller "
         "model would make it fit";
}

[[noreturn]] void out_of_memory(const Pool& p, const Block& block) {
  const MemoryStats& s = p.stats[int(block.device)];
  if (block.device == Device::cpu)
    throw Error(fmt::format("out of memory on the CPU: {} asked for {}; in use: {}", megabytes(block.bytes),
                            name_of(block.category), in_use_text(s)));
  const auto card = cuda::card_memory();
  throw Error(
      fmt::format("out of GPU memory: {} asked for {}; in use: {}; cached {}; free on the card {} of {}; {}",
                  megabytes(block.bytes), name_of(block.category), in_use_text(s),
                  megabytes(p.card.reserved() - p.card.in_use()), megabytes(card.free), megabytes(card.total),
                  remedy(block.category)));
}

}  // namespace

MemoryScope::MemoryScope(MemoryCategory category) : previous_(thread_category) { thread_category = category; }
MemoryScope::~MemoryScope() { thread_category = previous_; }
MemoryCategory current_memory_category() { return thread_category; }

MemoryStats memory_stats(Device device) {
  std::lock_guard lock(pool().mutex);
  return pool().stats[int(device)];
}

void count_outside_bytes(MemoryCategory category, int64_t bytes) {
  std::lock_guard lock(pool().mutex);
  account(pool().stats[0], category, bytes);
  pool().stats[0].reserved += bytes;
}

void reset_peak_memory() {
  std::lock_guard lock(pool().mutex);
  for (MemoryStats& s : pool().stats) {
    s.peak = s.current;
    s.peak_total = s.current_total;
  }
}

Block allocate(int64_t bytes, Device device) {
  if (bytes == 0) return {nullptr, 0, 0, device, thread_category};
  check_allocation_fault(bytes, device);
  Block block{nullptr, bytes, bytes, device, thread_category};
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  MemoryStats& stats = p.stats[int(device)];
  if (device == Device::cuda) {
    block.data = p.card.take(bytes);
    stats.reserved = p.card.reserved();
  } else {
    block.capacity = size_class(bytes);
    auto found = p.free.find(block.capacity);
    if (found != p.free.end() && !found->second.empty()) {
      block.data = found->second.back();
      found->second.pop_back();
    } else {
      block.data = system_allocate(block.capacity);
      if (!block.data && trim_locked(p) > 0) block.data = system_allocate(block.capacity);
      if (block.data) stats.reserved += block.capacity;
    }
  }
  if (!block.data) out_of_memory(p, block);
  account(stats, block.category, bytes);
  return block;
}

void release(const Block& block) noexcept {
  if (!block.data) return;
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  if (block.device == Device::cuda) {
    p.card.give(block.data);
  } else {
    p.free[block.capacity].push_back(block.data);
  }
  account(p.stats[int(block.device)], block.category, -block.bytes);
}

int64_t trim_memory_cache() {
  std::lock_guard lock(pool().mutex);
  return trim_locked(pool());
}

}  // namespace genesis
