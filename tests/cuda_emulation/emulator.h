#pragma once
// A CUDA card played by the CPU: kernels of kernels/cuda run thread by thread, so their indexing, barriers
// and sums can be tested on a machine without a card. It says nothing about speed, and nothing about what the
// hardware makes of two threads that race; that they race is found.
//   Threads of a block are fibers that run in turn; __syncthreads, shuffles and tensor-core instructions wait
//   as on a card. Blocks, and the threads of a block, take turns in an order that GENESIS_EMULATION_SEED
//   shuffles (0: as they are numbered). Streams run as late as they may (streams.h). Device memory cannot be
//   touched by the host outside of copies and kernels: a stray access is a segmentation fault, as it would be
//   an illegal address on a card. Fresh device memory holds NaNs. Every access of a kernel is looked at
//   (checker/): who reached which bytes between which barriers, whether they are there, aligned and written.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>

namespace genesis::emulation {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

inline Index thread_index, block_index, block_extent, grid_extent;
inline char* shared_memory = nullptr;

/// What a kernel is started with: `enter(call)` in every thread. `call` holds the arguments, which a kernel
/// may read and nothing else.
struct Launch {
  const void* kernel = nullptr;
  Index grid, block;
  size_t shared_bytes = 0;
  void (*enter)(const void* call) = nullptr;
  size_t call_bytes = 0;
};
/// Whether a card takes it: extents, threads, shared memory with what the kernel was allowed.
bool is_launchable(const Launch& launch);
void allow_dynamic_shared(const void* kernel, size_t bytes);
/// Runs every thread of every block, block after block.
void run_grid(const Launch& launch, const void* call);

using Site = std::source_location;
/// All threads of the block, or lanes of the warp, meet at the same place; what they wrote is there for all.
void block_barrier(const Site& site);
void warp_barrier(const Site& site);
/// The lanes of the warp give each other `bytes` (at most 64) of a value: lane l gets that of lane `from`.
/// Orders no memory, as on a card.
void exchange(void* value, size_t bytes, int from, unsigned mask, const Site& site);
/// Lanes of the whole warp that say yes.
int votes(bool yes, unsigned mask, const Site& site);
int lane();

/// For instructions that take an address of device memory and no other.
void need_device_memory(const void* address);

/// 16 bytes to shared memory that arrive when they are waited for, zeros when not `valid`; until then the
/// place holds NaNs. Reads the source then, too.
void copy_later(void* shared, const void* global, bool valid);
void commit_copies();
void wait_for_copies(int pending);

/// c += a b of one m16n8k16 instruction, from the lanes' fragments; `widen` makes a float of 16 bits.
void multiply_fragments(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
                        float (*widen)(uint16_t), const Site& site);
/// ldmatrix.x4 of rows in shared memory.
void load_fragments(uint32_t (&r)[4], const void* row, bool transposed, const Site& site);

unsigned long long add_atomically(unsigned long long* at, unsigned long long more);

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
