#include "emulator.h"

#include "card_settings.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

extern "C" void genesis_switch_fiber(void** save, void* load);
asm(R"(
.text
.globl genesis_switch_fiber
.type genesis_switch_fiber,@function
genesis_switch_fiber:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");

namespace genesis::emulation {
namespace {

constexpr size_t kStackBytes = size_t{128} << 10;
constexpr int kMaxThreads = 1024;
constexpr size_t kArenaBytes = size_t{64} << 30;
constexpr size_t kPoisonBytes = size_t{16} << 20;

struct Barrier {
  int arrived = 0, members = 0;
  uint64_t generation = 0;
  void release_if_full() {
    if (members > 0 && arrived == members) {
      arrived = 0;
      ++generation;
    }
  }
};

struct Fiber {
  void* stack_pointer = nullptr;
  bool done = false;
};

struct Machine {
  std::recursive_mutex mutex;
  char* stacks = nullptr;
  char* arena = nullptr;
  size_t used = 0, allocated = 0;  // of the arena so far; by now
  int access = 0;
  std::map<void*, size_t> sizes;
  std::multimap<size_t, void*> cached;
  std::vector<Fiber> fibers;
  std::vector<LaneSlot> slots;
  Barrier block, warps[32];
  int current = 0;
  void* scheduler = nullptr;
  const std::function<void()>* kernel = nullptr;
  uint64_t events = 0;  // barriers passed and threads ended

  Machine() {
    stacks = map(kStackBytes * kMaxThreads, PROT_READ | PROT_WRITE);
    arena = map(kArenaBytes, PROT_NONE);
  }
  static char* map(size_t bytes, int protection) {
    void* p = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
      std::perror("mmap");
      std::abort();
    }
    return static_cast<char*>(p);
  }
};

Machine& machine() {
  static Machine* m = new Machine;
  return *m;
}

void yield() {
  Machine& m = machine();
  genesis_switch_fiber(&m.fibers[size_t(m.current)].stack_pointer, m.scheduler);
}

void wait(Barrier& b) {
  Machine& m = machine();
  const uint64_t before = b.generation;
  ++b.arrived;
  b.release_if_full();
  while (b.generation == before) yield();
  ++m.events;
}

void fiber_main() {
  Machine& m = machine();
  (*m.kernel)();
  Fiber& self = m.fibers[size_t(m.current)];
  self.done = true;
  ++m.events;
  --m.block.members;
  m.block.release_if_full();
  Barrier& warp = m.warps[m.current / 32];
  --warp.members;
  warp.release_if_full();
  yield();
  std::abort();
}

void run_block(Machine& m, int threads) {
  m.block = {0, threads, 0};
  for (int w = 0; w < 32; ++w) m.warps[w] = {0, std::max(0, std::min(32, threads - w * 32)), 0};
  for (int i = 0; i < threads; ++i) {
    auto* top = reinterpret_cast<uint64_t*>(m.stacks + (size_t(i) + 1) * kStackBytes);
    *--top = 0;  // keeps the alignment a call would leave
    *--top = reinterpret_cast<uint64_t>(&fiber_main);
    top -= 6;
    std::memset(top, 0, 48);
    m.fibers[size_t(i)] = {top, false};
  }
  int alive = threads;
  while (alive > 0) {
    const uint64_t before = m.events;
    for (int i = 0; i < threads; ++i) {
      Fiber& f = m.fibers[size_t(i)];
      if (f.done) continue;
      m.current = i;
      thread_index = {unsigned(i) % block_extent.x, unsigned(i) / block_extent.x, 0};
      genesis_switch_fiber(&m.scheduler, f.stack_pointer);
      alive -= f.done;
    }
    if (m.events == before && alive > 0) {
      std::fprintf(stderr, "emulated kernel: %d threads wait at a barrier that the others never reach\n",
                   alive);
      std::abort();
    }
  }
}

}  // namespace

void run_grid(Index grid, Index block, size_t shared_bytes, const std::function<void()>& kernel) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  const int threads = int(block.x * block.y);
  if (threads > kMaxThreads || shared_bytes > (size_t{227} << 10)) {
    std::fprintf(stderr, "emulated launch of %d threads with %zu bytes of shared memory\n", threads,
                 shared_bytes);
    std::abort();
  }
  DeviceAccess access;
  std::vector<char> shared(shared_bytes + 128);
  shared_memory = shared.data() + (128 - reinterpret_cast<uintptr_t>(shared.data()) % 128);
  block_extent = block;
  grid_extent = grid;
  m.kernel = &kernel;
  m.fibers.resize(kMaxThreads);
  m.slots.resize(kMaxThreads);
  for (unsigned y = 0; y < grid.y; ++y) {
    for (unsigned x = 0; x < grid.x; ++x) {
      block_index = {x, y, 0};
      std::memset(shared.data(), 0xff, shared.size());
      run_block(m, threads);
    }
  }
}

void block_barrier() { wait(machine().block); }
void warp_barrier() { wait(machine().warps[machine().current / 32]); }
LaneSlot* warp_slots() { return machine().slots.data() + machine().current / 32 * 32; }
int lane() { return machine().current % 32; }

void* device_allocate(size_t bytes) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  bytes = (bytes + 4095) / 4096 * 4096;
  if (m.allocated + bytes > card_settings().memory) return nullptr;
  void* data = nullptr;
  if (auto found = m.cached.find(bytes); found != m.cached.end()) {
    data = found->second;
    m.cached.erase(found);
  } else {
    if (m.used + bytes > kArenaBytes) return nullptr;
    data = m.arena + m.used;
    m.used += bytes;
  }
  m.sizes[data] = bytes;
  m.allocated += bytes;
  DeviceAccess access;
  std::memset(data, 0xff, std::min(bytes, kPoisonBytes));
  return data;
}

void device_free(void* data) {
  if (!data) return;
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  const auto found = m.sizes.find(data);
  if (found == m.sizes.end()) {
    std::fprintf(stderr, "emulated cudaFree of memory that was not allocated\n");
    std::abort();
  }
  madvise(data, found->second, MADV_DONTNEED);
  m.allocated -= found->second;
  m.cached.emplace(found->second, data);
  m.sizes.erase(found);
}

size_t free_card_memory() {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  return card_settings().memory - m.allocated;
}

MachineLock::MachineLock() { machine().mutex.lock(); }
MachineLock::~MachineLock() { machine().mutex.unlock(); }

DeviceAccess::DeviceAccess() {
  Machine& m = machine();
  m.mutex.lock();
  if (m.access++ == 0) mprotect(m.arena, kArenaBytes, PROT_READ | PROT_WRITE);
}

DeviceAccess::~DeviceAccess() {
  Machine& m = machine();
  if (--m.access == 0) mprotect(m.arena, kArenaBytes, PROT_NONE);
  m.mutex.unlock();
}

}  // namespace genesis::emulation
