#pragma once
#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace genesis::reliability {

/// How a test is run: at the size of its bar, or a part of it that fits every build.
struct Mode {
  bool full = false;
  uint64_t seed = 1;
  std::string program = GENESIS_PROGRAM;  ///< genesis
};

/// What came out. `measured` says the figures the bar asks for; when it failed, also the first case that did.
struct Outcome {
  bool pass = false;
  std::string measured;
};

#define GENESIS_RELIABILITY_TEST(name, bar) Outcome run_##name(const Mode& mode);
#include "tests/reliability/test_list.h"
#undef GENESIS_RELIABILITY_TEST

/// Writes the small checkpoint that FORMAT1 reads (tests/reliability/format_1): only when a new version of
/// the format gets a sample of its own.
void write_format_sample(const std::filesystem::path& folder);

/// Counts cases and keeps the first that went wrong.
class Cases {
 public:
  void expect(bool good, const std::string& what) {
    ++count_;
    if (good) return;
    if (failed_++ == 0) first_ = what;
  }
  int64_t count() const { return count_; }
  bool good() const { return failed_ == 0; }
  /// "" or "; 3 of 500 failed, the first: …"
  std::string failures() const {
    return good() ? "" : fmt::format("; {} of {} failed, the first: {}", failed_, count_, first_);
  }

 private:
  int64_t count_ = 0, failed_ = 0;
  std::string first_;
};

}  // namespace genesis::reliability
