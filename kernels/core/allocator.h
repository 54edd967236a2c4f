#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/core/device.h"
#include "kernels/core/memory.h"

namespace genesis {

/// A block of memory from the caching allocator, 512-byte aligned, contents undefined.
struct Block {
  void* data = nullptr;
  int64_t bytes = 0;     ///< as asked for
  int64_t capacity = 0;  ///< at least `bytes`
  Device device = Device::cpu;
  MemoryCategory category = MemoryCategory::activations;
};

/// Cuts a block out of segments taken from the system (block_pool.h).
///   Segments stay mapped: page faults would cost more than the work. Neighbours that were given back are
///   joined, so what is held is about the largest sum that was ever in use, whatever the sizes were. Threads
///   may allocate and release at a time; the address sanitizer knows which bytes are in no block. On a card,
///   blocks are reused in the order of the stream they were used on: no driver call and no wait in a step.
/// Errors: genesis::Error (on a card OutOfCardMemory) when there is none, naming category, bytes, what is in
/// use and, on a card,
///   settings that need less.
Block allocate(int64_t bytes, Device device);
void release(const Block& block) noexcept;

/// Blocks of the card that nobody uses, but that stay reserved until this object goes: work that was recorded
/// (cuda/graph.h) runs again with the addresses it was recorded with.
class HeldBlocks {
 public:
  HeldBlocks() = default;
  ~HeldBlocks();
  HeldBlocks(const HeldBlocks&) = delete;
  HeldBlocks& operator=(const HeldBlocks&) = delete;

 private:
  friend class HoldScope;
  friend void release(const Block& block) noexcept;
  std::vector<Block> blocks_;
};

/// Blocks of the card that this thread gives back go to `to` until the scope ends.
class HoldScope {
 public:
  explicit HoldScope(HeldBlocks& to);
  ~HoldScope();
  HoldScope(const HoldScope&) = delete;
  HoldScope& operator=(const HoldScope&) = delete;

 private:
  HeldBlocks* previous_;
};

/// Gives cached blocks back to the system; returns the bytes given back.
int64_t trim_memory_cache();

}  // namespace genesis
