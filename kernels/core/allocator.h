#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/core/device.h"
#include "kernels/core/memory.h"

namespace genesis {

/// A block of memory from the caching allocator, 64-byte aligned (512 on a card), contents undefined.
struct Block {
  void* data = nullptr;
  int64_t bytes = 0;     ///< as asked for
  int64_t capacity = 0;  ///< as rounded to a size class
  Device device = Device::cpu;
  MemoryCategory category = MemoryCategory::activations;
};

/// Takes a block from the cache of its size class, or from the system.
///   Freed blocks stay mapped (a training step asks for the same sizes again; page faults would cost more
///   than the work). On a card, blocks are cut from large segments (block_pool.h) and reused in the order of
///   the stream they were used on: no driver call and no wait in a step that asks for what an earlier one
///   had.
/// Errors: genesis::Error when there is none, naming category, bytes, what is in use and, on a card, the
/// setting that
///   would make it fit.
Block allocate(int64_t bytes, Device device);
void release(const Block& block) noexcept;

/// Gives cached blocks back to the system; returns the bytes given back.
int64_t trim_memory_cache();

}  // namespace genesis
