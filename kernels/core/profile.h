#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace genesis {

/// Where the time goes: seconds and calls of every kernel, of all threads, since profiling was switched on.
struct ProfileEntry {
  std::string name;
  int64_t calls = 0;
  double seconds = 0;
};

void set_profiling(bool on);  ///< switching on empties the table
bool profiling();
/// The table, longest time first.
std::vector<ProfileEntry> profile_entries();
/// Adds one call to the table.
void add_profile(const char* name, double seconds);

/// Leaves out of the table what runs while it lives.
class ProfilePause {
 public:
  ProfilePause();
  ~ProfilePause();
  ProfilePause(const ProfilePause&) = delete;
  ProfilePause& operator=(const ProfilePause&) = delete;

 private:
  bool was_on_;
};

/// Times its own life under `name` while profiling is on; costs one branch otherwise.
class ProfileScope {
 public:
  explicit ProfileScope(const char* name) : name_(profiling() ? name : nullptr) {
    if (name_) begin_ = std::chrono::steady_clock::now();
  }
  ~ProfileScope() {
    if (name_)
      add_profile(name_, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count());
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  const char* name_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace genesis
