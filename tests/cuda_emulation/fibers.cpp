#include "fibers.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "async_copies.h"
#include "checker/callbacks.h"
#include "checker/fault.h"
#include "checker/order.h"

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

LaneSlot slots[2][kMaxThreads];

struct Block {
  char* stacks = nullptr;
  Fiber fibers[kMaxThreads];
  Barrier whole, warps[kMaxThreads / 32];
  int current = 0, threads = 0;
  void* scheduler = nullptr;
  const Launch* launch = nullptr;
  const void* call = nullptr;
  uint64_t events = 0;  // barriers passed and threads ended

  void prepare() {
    if (stacks) return;
    void* p = mmap(nullptr, kStackBytes * kMaxThreads, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
      std::perror("mmap of the threads' stacks");
      std::abort();
    }
    stacks = static_cast<char*>(p);
  }
};

Block& block() {
  static constinit Block b;
  return b;
}

void release_if_full(Barrier& b) {
  if (b.members == 0 || b.arrived != b.members) return;
  b.met = b.arrived;
  b.arrived = 0;
  ++b.generation;
}

void yield() {
  Block& b = block();
  genesis_switch_fiber(&b.fibers[b.current].stack_pointer, b.scheduler);
}

std::string text_of(const Site& site) {
  const std::string file = site.file_name();
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(site.line());
}

bool same_place(const Site& a, const Site& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

void meet(Barrier& b, const Site& site) {
  if (b.arrived == 0)
    b.site = site;
  else if (!same_place(b.site, site) && checking())
    report(FaultKind::synchronisation, site.line(), b.site.line(),
           name_of_work() + ": threads meet at " + text_of(b.site) + " and at " + text_of(site));
  Fiber& self = block().fibers[block().current];
  self.waits_at = &b;
  self.waits_for = b.generation;
  ++b.arrived;
  release_if_full(b);
  if (b.generation == self.waits_for) yield();
  self.waits_at = nullptr;
  ++block().events;
}

void watch(int thread) {
  if (!checking()) return;
  Block& b = block();
  acting = &b.fibers[thread].actor;
  own_memory.stack_begin = reinterpret_cast<uintptr_t>(b.stacks + size_t(thread) * kStackBytes);
  own_memory.stack_end = own_memory.stack_begin + kStackBytes;
}

void fiber_main() {
  Block& b = block();
  watch(b.current);
  b.launch->enter(b.call);
  acting = nullptr;
  Fiber& self = b.fibers[b.current];
  end_copies(b.current);
  self.done = true;
  ++b.events;
  --b.whole.members;
  release_if_full(b.whole);
  Barrier& warp = b.warps[b.current / 32];
  --warp.members;
  release_if_full(warp);
  yield();
  std::abort();
}

void make_fibers(Block& b, uint32_t number) {
  b.whole = {.arrived = 0, .members = b.threads};
  for (int w = 0; w < kMaxThreads / 32; ++w)
    b.warps[w] = {.members = std::max(0, std::min(32, b.threads - w * 32)),
                  .generation = b.warps[w].generation};
  for (int i = 0; i < b.threads; ++i) {
    auto* top = reinterpret_cast<uint64_t*>(b.stacks + (size_t(i) + 1) * kStackBytes);
    *--top = 0;  // keeps the alignment a call would leave
    *--top = reinterpret_cast<uint64_t>(&fiber_main);
    top -= 6;
    std::memset(top, 0, 48);
    b.fibers[i] = {top, false, nullptr, 0, {.block = number, .thread = uint16_t(i)}};
  }
}

/// A step with which i -> (i * step + first) % count visits everything once.
uint64_t step_of(uint64_t shuffle, uint64_t count) {
  uint64_t step = shuffle % count | 1;
  const auto divisor = [](uint64_t a, uint64_t c) {
    while (c != 0) a = std::exchange(c, a % c);
    return a;
  };
  while (divisor(step, count) != 1) step += 2;
  return step;
}

}  // namespace

uint64_t shuffled(uint64_t i, uint64_t count, uint64_t shuffle) {
  if (shuffle == 0 || count < 2) return i;
  return (i * step_of(shuffle, count) + (shuffle >> 32)) % count;
}

namespace {

/// Runs the lanes of a warp until none can go on; how many have ended.
int run_warp(Block& b, int warp, uint64_t shuffle) {
  const int first = warp * 32, lanes = std::min(32, b.threads - first);
  const uint64_t step = shuffle == 0 ? 1 : (shuffle & 31) | 1;
  int ended = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (uint64_t l = 0; l < 32; ++l) {
      const int lane = int(shuffle == 0 ? l : (l * step + (shuffle >> 8)) % 32);
      if (lane >= lanes) continue;
      Fiber& f = b.fibers[first + lane];
      if (f.done || (f.waits_at && f.waits_at->generation == f.waits_for)) continue;
      b.current = first + lane;
      thread_index = {unsigned(b.current) % block_extent.x, unsigned(b.current) / block_extent.x, 0};
      genesis_switch_fiber(&b.scheduler, f.stack_pointer);
      ended += f.done;
      moved = true;
    }
  }
  return ended;
}

}  // namespace

void run_block(const Launch& launch, const void* call, uint32_t number, uint64_t shuffle) {
  Block& b = block();
  b.prepare();
  b.threads = int(launch.block.x * launch.block.y);
  b.launch = &launch;
  b.call = call;
  own_memory.parameters_begin = reinterpret_cast<uintptr_t>(call);
  own_memory.parameters_end = own_memory.parameters_begin + launch.call_bytes;
  make_fibers(b, number);
  begin_copies(b.threads);
  if (checking()) begin_thread_block();
  const int warps = (b.threads + 31) / 32;
  int alive = b.threads;
  while (alive > 0) {
    const uint64_t before = b.events;
    for (int w = 0; w < warps; ++w)
      alive -= run_warp(b, int(shuffled(uint64_t(w), uint64_t(warps), shuffle)), shuffle);
    if (b.events == before && alive > 0) {
      const Site& site = (b.whole.arrived > 0 ? b.whole : b.warps[0]).site;
      std::fprintf(stderr, "emulated card: %s: %d threads wait at %s, which the others never reach\n",
                   name_of_work().c_str(), alive, text_of(site).c_str());
      std::abort();
    }
  }
}

Unwatched::Unwatched() : actor_(acting) { acting = nullptr; }
Unwatched::~Unwatched() {
  if (actor_) watch(actor_->thread);
}

int current_thread() { return block().current; }
LaneSlot* warp_slots() {
  const int warp = block().current / 32;
  return slots[block().warps[warp].generation % 2] + warp * 32;
}
uint64_t warp_generation() { return block().warps[block().current / 32].generation; }
int warp_lanes() { return block().warps[block().current / 32].met; }
int lane() { return block().current % 32; }

void meet_warp(const Site& site) { meet(block().warps[block().current / 32], site); }

void block_barrier(const Site& site) {
  const Unwatched emulator;
  Actor& a = block().fibers[block().current].actor;
  meet(block().whole, site);
  ++a.block_barriers;
  a.stamp = 0;
}

void warp_barrier(const Site& site) {
  const Unwatched emulator;
  Actor& a = block().fibers[block().current].actor;
  meet_warp(site);
  ++a.warp_barriers;
  a.stamp = 0;
}

}  // namespace genesis::emulation
