#include "emulator.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "card_settings.h"
#include "checker/fault.h"
#include "checker/shadow.h"
#include "streams.h"

namespace genesis::emulation {
namespace {

constexpr size_t kArenaBytes = size_t{64} << 30;
constexpr size_t kPoisonBytes = size_t{16} << 20;

struct Machine {
  std::recursive_mutex mutex;
  char* arena = nullptr;
  size_t used = 0, allocated = 0;  // of the arena so far; by now
  int access = 0;
  std::map<void*, size_t> sizes;
  std::multimap<size_t, void*> cached;

  Machine() {
    arena = map(kArenaBytes, PROT_NONE);
    set_arena(arena, kArenaBytes);
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

}  // namespace

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
  if (checking()) open_block(static_cast<char*>(data), bytes);
  if (is_hollow()) return data;
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
  if (checking()) close_blocks(static_cast<char*>(data), found->second);
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
  if (m.access++ == 0 && !is_hollow()) mprotect(m.arena, kArenaBytes, PROT_READ | PROT_WRITE);
}

DeviceAccess::~DeviceAccess() {
  Machine& m = machine();
  if (--m.access == 0 && !is_hollow()) mprotect(m.arena, kArenaBytes, PROT_NONE);
  m.mutex.unlock();
}

}  // namespace genesis::emulation
