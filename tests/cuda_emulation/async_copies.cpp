#include "async_copies.h"

#include <cstring>
#include <vector>

#include "checker/callbacks.h"
#include "checker/fault.h"
#include "checker/order.h"
#include "fibers.h"

namespace genesis::emulation {
namespace {

constexpr size_t kBytes = 16;

struct Copy {
  char* to;
  const char* from;
  bool valid;
  uintptr_t code;
};
/// Of one thread: groups that were committed, the oldest first, and the copies since.
struct UnderWay {
  std::vector<std::vector<Copy>> groups;
  std::vector<Copy> open;
};

std::vector<UnderWay>& under_way() {
  static auto* all = new std::vector<UnderWay>(kMaxThreads);
  return *all;
}

void arrive(const Copy& c) {
  if (c.valid) {
    note_access(c.from, kBytes, Access::read, c.code);
    note_access(c.to, kBytes, Access::write, c.code);
    std::memcpy(c.to, c.from, kBytes);
  } else {
    note_access(c.to, kBytes, Access::write, c.code);
    std::memset(c.to, 0, kBytes);
  }
}

}  // namespace

void begin_copies(int threads) {
  for (int i = 0; i < threads; ++i) under_way()[size_t(i)] = {};
}

void end_copies(int thread) {
  UnderWay& mine = under_way()[size_t(thread)];
  size_t left = mine.open.size();
  for (const auto& group : mine.groups) left += group.size();
  if (left > 0 && checking())
    report(
        FaultKind::synchronisation, work_key(), 1,
        name_of_work() + ": a thread ends with " + std::to_string(left) + " copies that it did not wait for");
}

void copy_later(void* shared, const void* global, bool valid) {
  const auto code = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  note_access(shared, kBytes, Access::write, code);
  const Unwatched emulator;
  if (checking() &&
      ((reinterpret_cast<uintptr_t>(shared) | reinterpret_cast<uintptr_t>(global)) % kBytes) != 0)
    report(FaultKind::misaligned, code, 0,
           name_of_work() + ": an asynchronous copy of 16 bytes that are not aligned");
  if (checking()) mark_in_flight(reinterpret_cast<uintptr_t>(shared), kBytes);
  std::memset(shared, 0xff, kBytes);
  under_way()[size_t(current_thread())].open.push_back(
      {static_cast<char*>(shared), static_cast<const char*>(global), valid, code});
}

void commit_copies() {
  UnderWay& mine = under_way()[size_t(current_thread())];
  mine.groups.push_back(std::move(mine.open));
  mine.open.clear();
}

void wait_for_copies(int pending) {
  UnderWay& mine = under_way()[size_t(current_thread())];
  while (mine.groups.size() > size_t(pending)) {
    for (const Copy& c : mine.groups.front()) arrive(c);
    mine.groups.erase(mine.groups.begin());
  }
}

}  // namespace genesis::emulation
