#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/core/device.h"
#include "kernels/core/memory.h"

namespace genesis {

class RecordedMemory;

/// A block of memory from the caching allocator, 512-byte aligned, contents undefined.
struct Block {
  void* data = nullptr;
  int64_t bytes = 0;     ///< as asked for
  int64_t capacity = 0;  ///< at least `bytes`
  Device device = Device::cpu;
  MemoryCategory category = MemoryCategory::activations;
  std::shared_ptr<RecordedMemory> from = {};  ///< whose it is; null: the card's own
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

/// Memory of the card for work that is recorded in one order and runs again in that order: what one recording
/// is done with, a later one may use, as if both had run when they were recorded. It is taken from the card's
/// segment by segment, counts as activations from then on, and goes back when the last block and the last
/// recording are gone.
class RecordedMemory : public std::enable_shared_from_this<RecordedMemory> {
 public:
  static std::shared_ptr<RecordedMemory> make();
  ~RecordedMemory();
  int64_t bytes() const;  ///< taken from the card's

 private:
  friend class RecordedMemoryScope;
  friend Block allocate(int64_t bytes, Device device);
  friend void release(const Block& block) noexcept;
  struct State;
  RecordedMemory();
  std::unique_ptr<State> state_;
};

/// What this thread allocates on the card comes from `memory` until the scope ends; blocks of the card's own
/// that it gives back stay reserved as long as `memory`.
class RecordedMemoryScope {
 public:
  explicit RecordedMemoryScope(RecordedMemory& memory);
  ~RecordedMemoryScope();
  RecordedMemoryScope(const RecordedMemoryScope&) = delete;
  RecordedMemoryScope& operator=(const RecordedMemoryScope&) = delete;

 private:
  RecordedMemory* previous_;
  HoldScope hold_;
};

/// Whoever keeps memory of the card that it could do without: where the card has none left for this thread,
/// `give_back` is called, and what failed is tried again if it says that something was given back.
class MemoryReserve {
 public:
  explicit MemoryReserve(std::function<bool()> give_back);
  ~MemoryReserve();  ///< on the thread that made it
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

 private:
  friend Block allocate(int64_t bytes, Device device);
  std::function<bool()> give_back_;
  MemoryReserve* previous_;
};

/// Gives cached blocks back to the system; returns the bytes given back.
int64_t trim_memory_cache();

}  // namespace genesis
