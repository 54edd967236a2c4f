#include "fault.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>

namespace genesis::emulation {
namespace {

constexpr size_t kPrinted = 40;

struct Faults {
  std::mutex mutex;
  std::map<std::tuple<FaultKind, uintptr_t, uintptr_t>, int64_t> seen;
  int64_t total = 0;
  FaultCatcher* catcher = nullptr;
};

Faults& all() {
  static Faults* f = new Faults;
  return *f;
}

/// The last word of a process that had faults.
void end_with_faults() {
  std::fprintf(stderr, "emulated card: %lld faults at %zu places\n", static_cast<long long>(all().total),
               all().seen.size());
  std::fflush(nullptr);
  _exit(kFaultExit);
}

}  // namespace

const char* name_of(FaultKind kind) {
  constexpr const char* kNames[] = {
      "race",          "streams out of order", "outside of memory", "misaligned",
      "uninitialised", "synchronisation",      "arithmetic",        "launch"};
  return kNames[int(kind)];
}

bool checking() {
  static const bool on = [] {
    const char* set = std::getenv("GENESIS_EMULATION_CHECK");
    return !set || std::string_view(set) != "0";
  }();
  return on;
}

void report(FaultKind kind, uintptr_t where, uintptr_t other, const std::string& text) {
  Faults& f = all();
  std::lock_guard lock(f.mutex);
  if (f.catcher) {
    f.catcher->faults_.push_back({kind, text});
    return;
  }
  if (f.total++ == 0) std::atexit(end_with_faults);
  const int64_t times = ++f.seen[{kind, where, other}];
  if (times == 1 && f.seen.size() <= kPrinted)
    std::fprintf(stderr, "emulated card: %s: %s\n", name_of(kind), text.c_str());
}

bool is_catching() {
  std::lock_guard lock(all().mutex);
  return all().catcher != nullptr;
}

FaultCatcher::FaultCatcher() {
  std::lock_guard lock(all().mutex);
  all().catcher = this;
}
FaultCatcher::~FaultCatcher() {
  std::lock_guard lock(all().mutex);
  all().catcher = nullptr;
}

}  // namespace genesis::emulation
