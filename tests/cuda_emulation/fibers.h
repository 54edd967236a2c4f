#pragma once
// The threads of one block as fibers, and where they meet.
#include <cstdint>

#include "checker/shadow.h"
#include "emulator.h"

namespace genesis::emulation {

inline constexpr int kMaxThreads = 1024;

/// Where threads meet. All that are members come to the same place in the code.
struct Barrier {
  int arrived = 0, members = 0;
  int met = 0;  // how many came the last time
  uint64_t generation = 1;  // 0: of a LaneSlot that nobody wrote yet
  Site site{};  // of the first to arrive
};

/// 64 bytes of every lane, for what lanes give each other. Two sets take turns, so that one is read while the
/// next is written.
struct alignas(16) LaneSlot {
  unsigned char bytes[64];
  uint64_t generation;  // of the warp when they were written
};

/// A thread that runs a kernel.
struct Fiber {
  void* stack_pointer = nullptr;
  bool done = false;
  const Barrier* waits_at = nullptr;  // null: it can go on
  uint64_t waits_for = 0;             // beyond this generation
  Actor actor;
};

/// i, or where a shuffled order has it: every number below `count` once. 0 shuffles nothing.
uint64_t shuffled(uint64_t i, uint64_t count, uint64_t shuffle);

/// Runs `launch.enter(call)` in the threads of one block, in an order that `shuffle` chooses.
void run_block(const Launch& launch, const void* call, uint32_t number, uint64_t shuffle);

/// The running thread's number in its block.
int current_thread();
/// Of the running warp, [32], until it has met again.
LaneSlot* warp_slots();
/// How often the lanes of the running warp have met, and how many came the last time.
uint64_t warp_generation();
int warp_lanes();

/// Waits for all lanes of the warp; orders no memory.
void meet_warp(const Site& site);

/// No access is looked at while it lives: the emulator works on behalf of the thread.
class Unwatched {
 public:
  Unwatched();
  ~Unwatched();
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;

 private:
  Actor* actor_;
};

}  // namespace genesis::emulation
