// Launches: what a card takes, and the blocks of a grid one after the other.
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "checker/fault.h"
#include "checker/image.h"
#include "checker/order.h"
#include "fibers.h"
#include "launch_log.h"

namespace genesis::emulation {
namespace {

constexpr size_t kSharedBytes = size_t{227} << 10, kSharedWithoutAsking = size_t{48} << 10;

std::map<const void*, size_t>& allowed() {
  static auto* bytes = new std::map<const void*, size_t>;
  return *bytes;
}

uint64_t seed() {
  static const uint64_t value = [] {
    const char* set = std::getenv("GENESIS_EMULATION_SEED");
    return set ? std::strtoull(set, nullptr, 10) : 1;
  }();
  return value;
}

/// Another number for every launch, 0 where nothing is shuffled.
uint64_t next_shuffle() {
  static uint64_t count = 0;
  if (seed() == 0) return 0;
  uint64_t x = seed() * 0x9E3779B97F4A7C15u + ++count;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return (x ^ x >> 31) | 1;
}

/// Dynamic shared memory of the running block, with room around it.
struct DynamicShared {
  alignas(128) char bytes[kSharedBytes + 1024];
};
DynamicShared& dynamic_shared_memory() {
  static auto* one = new DynamicShared;
  return *one;
}

}  // namespace

void allow_dynamic_shared(const void* kernel, size_t bytes) {
  MachineLock lock;
  allowed()[kernel] = bytes;
}

bool is_launchable(const Launch& l) {
  MachineLock lock;
  const auto refuse = [&](const std::string& why) {
    report(FaultKind::launch, reinterpret_cast<uintptr_t>(l.kernel), 0,
           name_of_function(reinterpret_cast<uintptr_t>(l.kernel)) + ": " + why);
    return false;
  };
  const auto text = [](const Index& i) {
    return std::to_string(i.x) + " x " + std::to_string(i.y) + " x " + std::to_string(i.z);
  };
  const uint64_t threads = uint64_t(l.block.x) * l.block.y * l.block.z;
  if (threads == 0 || threads > kMaxThreads || l.block.z > 64)
    return refuse(text(l.block) + " threads in a block");
  if (l.grid.x == 0 || l.grid.y == 0 || l.grid.z == 0 || l.grid.x > 0x7fffffffu || l.grid.y > 65535 ||
      l.grid.z > 65535)
    return refuse("a grid of " + text(l.grid) + " blocks");
  if (l.grid.z != 1 || l.block.z != 1) return refuse("a third dimension, which is not played");
  const size_t fixed = static_shared_bytes(l.kernel), shared = fixed + l.shared_bytes;
  const auto asked = allowed().find(l.kernel);
  const size_t limit = asked == allowed().end() ? kSharedWithoutAsking : asked->second + fixed;
  if (shared > kSharedBytes || shared > std::max(limit, kSharedWithoutAsking))
    return refuse(std::to_string(shared) + " bytes of shared memory, " + std::to_string(fixed) +
                  " of them of its own; it was allowed " +
                  std::to_string(std::max(limit, kSharedWithoutAsking)));
  note_launch(l, fixed);
  return true;
}

void run_grid(const Launch& launch, const void* call) {
  DeviceAccess access;
  name_work({.kernel = launch.kernel});
  DynamicShared& shared = dynamic_shared_memory();
  shared_memory = shared.bytes;
  if (checking()) set_dynamic_shared(shared_memory, sizeof(shared.bytes), launch.shared_bytes);
  block_extent = launch.block;
  grid_extent = launch.grid;
  const uint64_t blocks = uint64_t(launch.grid.x) * launch.grid.y, shuffle = next_shuffle();
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint64_t n = shuffled(i, blocks, shuffle);
    block_index = {unsigned(n % launch.grid.x), unsigned(n / launch.grid.x), 0};
    std::memset(shared.bytes, 0xff, launch.shared_bytes + 128);
    run_block(launch, call, uint32_t(n), shuffle);
  }
}

}  // namespace genesis::emulation
