#include "kernels/core/allocator.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "kernels/core/allocation_fault.h"
#include "kernels/core/block_pool.h"
#include "kernels/core/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/outside_bytes.h"
#include "kernels/core/poison.h"

namespace genesis {
namespace {

constexpr int64_t kHugePage = int64_t{1} << 21;
constexpr int64_t kCpuSegment = int64_t{32} << 20;
constexpr int64_t kRecordedSegment = int64_t{32} << 20;

thread_local MemoryCategory thread_category = MemoryCategory::activations;
thread_local HeldBlocks* thread_hold = nullptr;
thread_local RecordedMemory* thread_recorded = nullptr;
thread_local MemoryReserve* thread_reserve = nullptr;

/// Pages the system gives when they are first touched; none of them may be, until a block is cut out.
void* allocate_pages(int64_t bytes) {
  void* pages =
      std::aligned_alloc(size_t(kHugePage), size_t((bytes + kHugePage - 1) / kHugePage * kHugePage));
  if (pages) poison(pages, bytes);
  return pages;
}

/// A segment of the card's memory; none of it may be touched, until a block is cut out.
void* allocate_segment(int64_t bytes) {
  void* data = cuda::allocate_bytes(bytes);
  if (data) note_card_segment(data);
  return data;
}

/// GENESIS_CARD_POOL=0: every block of the card is an allocation of its own, whose bounds compute-sanitizer
/// knows.
bool takes_card_from_pool() {
  const char* set = std::getenv("GENESIS_CARD_POOL");
  return !set || std::string_view(set) != "0";
}

struct Pool {
  std::mutex mutex;
  BlockPool blocks[2] = {{allocate_pages, std::free, kCpuSegment},  // by device
                         {allocate_segment, cuda::free_bytes}};
  int64_t outside[2] = {0, 0};  // counted and not ours, by device
  MemoryStats stats[2];

  const bool cuts_card = takes_card_from_pool();

  void* take(int64_t bytes, Device device) {
    if (device == Device::cpu || cuts_card) return blocks[int(device)].take(bytes);
    void* data = cuda::allocate_bytes(bytes);
    if (data) outside[int(device)] += bytes;
    return data;
  }
  void give(const Block& block) {
    if (block.device == Device::cpu || cuts_card) return blocks[int(block.device)].give(block.data);
    cuda::free_bytes(block.data);
    outside[int(block.device)] -= block.bytes;
  }
  BlockPool& card() { return blocks[int(Device::cuda)]; }
  const BlockPool& card() const { return blocks[int(Device::cuda)]; }
  void count_reserved() {
    for (int device : {0, 1}) stats[device].reserved = blocks[device].reserved() + outside[device];
  }
};

Pool& pool() {
  static Pool* instance = new Pool;  // never destroyed: arrays of static lifetime may outlive any order
  return *instance;
}

void account(MemoryStats& s, MemoryCategory category, int64_t bytes) {
  const auto c = size_t(category);
  s.current[c] += bytes;
  s.current_total += bytes;
  s.peak[c] = std::max(s.peak[c], s.current[c]);
  s.peak_total = std::max(s.peak_total, s.current_total);
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
    return "gradient_checkpointing=auto or full, a smaller per_device_train_batch_size (with more "
           "gradient_accumulation_steps) or a smaller max_seq_len would make it fit";
  return "precision=bf16-true (no f32 masters) with gradient_dtype=bf16, master_weights=split, "
         "offload_optimizer=true, "
         "zero_stage=1 or tensor_parallel_size over more GPUs, or a "
         "smaller "
         "model would make it fit";
}

[[noreturn]] void out_of_memory(const Pool& p, const Block& block) {
  const MemoryStats& s = p.stats[int(block.device)];
  if (block.device == Device::cpu)
    throw Error(fmt::format("out of memory on the CPU: {} asked for {}; in use: {}", megabytes(block.bytes),
                            name_of(block.category), in_use_text(s)));
  const auto card = cuda::card_memory();
  throw OutOfCardMemory(
      fmt::format("out of GPU memory: {} asked for {}; in use: {}; cached {}; free on the card {} of {}; {}",
                  megabytes(block.bytes), name_of(block.category), in_use_text(s),
                  megabytes(p.card().reserved() - p.card().in_use()), megabytes(card.free),
                  megabytes(card.total), remedy(block.category)));
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
  count_outside_bytes(category, bytes, Device::cpu);
}

void count_outside_bytes(MemoryCategory category, int64_t bytes, Device device) {
  std::lock_guard lock(pool().mutex);
  account(pool().stats[int(device)], category, bytes);
  pool().outside[int(device)] += bytes;
  pool().count_reserved();
}

void reset_peak_memory() {
  std::lock_guard lock(pool().mutex);
  for (MemoryStats& s : pool().stats) {
    s.peak = s.current;
    s.peak_total = s.current_total;
  }
}

/// Blocks are cut out of segments of the card's pool, whose mutex is held by whoever takes or gives.
struct RecordedMemory::State {
  HeldBlocks held;  // the card's own
  std::map<void*, int64_t> segments;
  std::map<void*, int64_t> fresh;  // segments that the emulated card was not told of: not while it records
  int64_t bytes = 0;
  BlockPool blocks{[this](int64_t size) { return take(size); }, [this](void* data) { give(data); },
                   kRecordedSegment};

  void* take(int64_t size) {
    Pool& p = pool();
    void* data = p.card().take(size);
    if (data) count(data, size);
    return data;
  }
  void count(void* data, int64_t size) {
    fresh[data] = segments[data] = size;
    bytes += size;
    account(pool().stats[int(Device::cuda)], MemoryCategory::activations, size);
  }
  void give(void* data) {
    const auto segment = segments.find(data);
    account(pool().stats[int(Device::cuda)], MemoryCategory::activations, -segment->second);
    bytes -= segment->second;
    note_card_block(data, segment->second, false);
    pool().card().give(data);
    segments.erase(segment);
    fresh.erase(data);
  }
};

RecordedMemory::RecordedMemory() : state_(std::make_unique<State>()) {}
RecordedMemory::~RecordedMemory() {
  std::lock_guard lock(pool().mutex);
  state_->blocks.trim();
}
std::shared_ptr<RecordedMemory> RecordedMemory::make() {
  return std::shared_ptr<RecordedMemory>(new RecordedMemory);
}
int64_t RecordedMemory::bytes() const {
  std::lock_guard lock(pool().mutex);
  return state_->bytes;
}

RecordedMemoryScope::RecordedMemoryScope(RecordedMemory& memory)
    : previous_(thread_recorded), hold_(memory.state_->held) {
  thread_recorded = &memory;
}
RecordedMemoryScope::~RecordedMemoryScope() {
  for (const auto& [data, size] : thread_recorded->state_->fresh) note_card_block(data, size, true);
  thread_recorded->state_->fresh.clear();
  thread_recorded = previous_;
}

MemoryReserve::MemoryReserve(std::function<bool()> give_back)
    : give_back_(std::move(give_back)), previous_(thread_reserve) {
  thread_reserve = this;
}
MemoryReserve::~MemoryReserve() {
  MemoryReserve** at = &thread_reserve;
  while (*at && *at != this) at = &(*at)->previous_;
  if (*at) *at = previous_;
}

Block allocate(int64_t bytes, Device device) {
  if (bytes == 0) return {nullptr, 0, 0, device, thread_category};
  check_allocation_fault(bytes, device);
  Block block{nullptr, bytes, bytes, device, thread_category};
  if (thread_recorded && device == Device::cuda) block.from = thread_recorded->shared_from_this();
  Pool& p = pool();
  std::unique_lock lock(p.mutex);
  const auto take = [&] {
    block.data = block.from ? block.from->state_->blocks.take(bytes) : p.take(bytes, device);
    p.count_reserved();
    return block.data != nullptr;
  };
  while (!take()) {
    // Not while work is recorded: what is given back may have to wait for the card.
    if (block.from || device == Device::cpu || !thread_reserve) out_of_memory(p, block);
    lock.unlock();
    const bool given_back = thread_reserve->give_back_();
    lock.lock();
    if (!given_back) out_of_memory(p, block);
  }
  if (block.from) return block;  // counted by segments
  device == Device::cpu ? unpoison(block.data, bytes) : note_card_block(block.data, bytes, true);
  account(p.stats[int(device)], block.category, bytes);
  return block;
}

HeldBlocks::~HeldBlocks() {
  for (const Block& block : blocks_) release(block);
}

HoldScope::HoldScope(HeldBlocks& to) : previous_(thread_hold) { thread_hold = &to; }
HoldScope::~HoldScope() { thread_hold = previous_; }

void release(const Block& block) noexcept {
  if (!block.data) return;
  if (block.from) {
    std::lock_guard lock(pool().mutex);
    return block.from->state_->blocks.give(block.data);
  }
  if (thread_hold && block.device == Device::cuda) return thread_hold->blocks_.push_back(block);
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  block.device == Device::cpu ? poison(block.data, block.bytes)
                              : note_card_block(block.data, block.bytes, false);
  p.give(block);
  account(p.stats[int(block.device)], block.category, -block.bytes);
}

int64_t trim_memory_cache() {
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  int64_t given_back = 0;
  for (BlockPool& blocks : p.blocks) given_back += blocks.trim();
  p.count_reserved();
  return given_back;
}

}  // namespace genesis
