#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/core/device.h"
#include "kernels/core/memory.h"

namespace genesis {

/// A block of memory from the caching allocator, 64-byte aligned, contents undefined.
struct Block {
  void* data = nullptr;
  int64_t bytes = 0;     ///< as asked for
  int64_t capacity = 0;  ///< as rounded to a size class
  Device device = Device::cpu;
  MemoryCategory category = MemoryCategory::activations;
};

/// Takes a block from the cache of its size class, or from the system.
///   Freed blocks stay mapped (a training step asks for the same sizes again; page faults would cost more
///   than the work).
/// Errors: genesis::Error naming category and bytes when the system has none.
Block allocate(int64_t bytes, Device device);
void release(const Block& block) noexcept;

/// Gives cached blocks back to the system; returns the bytes given back.
int64_t trim_memory_cache();

}  // namespace genesis
