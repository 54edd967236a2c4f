#pragma once
// A CUDA card played by the CPU: kernels of kernels/cuda run thread by thread, so their indexing, barriers
// and sums can be tested on a machine without a card. It says nothing about speed, and nothing about what the
// hardware does when two threads race.
//   Threads of a block are fibers that run in turn; __syncthreads, shuffles and tensor-core instructions wait
//   as on a card. Streams run as late as they may (streams.h). Device memory cannot be touched by the host
//   outside of copies and kernels: a stray access is a segmentation fault, as it would be an illegal address
//   on a card. Fresh device memory holds NaNs.
#include <cstddef>
#include <cstdint>
#include <functional>

namespace genesis::emulation {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

inline Index thread_index, block_index, block_extent, grid_extent;
inline char* shared_memory = nullptr;

/// Runs `kernel` for every thread of every block, block after block.
void run_grid(Index grid, Index block, size_t shared_bytes, const std::function<void()>& kernel);

void block_barrier();
void warp_barrier();

/// 16 bytes of every lane, for exchanges between two warp barriers.
struct alignas(16) LaneSlot {
  unsigned char bytes[64];
};
LaneSlot* warp_slots();  ///< of the running thread's warp, [32]
int lane();

void* device_allocate(size_t bytes);
void device_free(void* data);

/// One thread at a time plays with the card.
class MachineLock {
 public:
  MachineLock();
  ~MachineLock();
  MachineLock(const MachineLock&) = delete;
  MachineLock& operator=(const MachineLock&) = delete;
};

/// Opens device memory to the host while it lives; holds the lock.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace genesis::emulation
