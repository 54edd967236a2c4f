#include "kernels/core/profile.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace genesis {
namespace {

std::atomic<bool> on{false};
std::mutex mutex;
std::map<std::string, ProfileEntry> table;

}  // namespace

void set_profiling(bool value) {
  std::lock_guard lock(mutex);
  if (value) table.clear();
  on = value;
}

bool profiling() { return on.load(std::memory_order_relaxed); }

std::vector<ProfileEntry> profile_entries() {
  std::lock_guard lock(mutex);
  std::vector<ProfileEntry> entries;
  for (auto& [name, entry] : table) entries.push_back(entry);
  std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.seconds > b.seconds; });
  return entries;
}

void add_profile(const char* name, double seconds) {
  std::lock_guard lock(mutex);
  ProfileEntry& e = table[name];
  e.name = name;
  ++e.calls;
  e.seconds += seconds;
}

ProfilePause::ProfilePause() : was_on_(on.exchange(false)) {}
ProfilePause::~ProfilePause() { on = was_on_; }

}  // namespace genesis
