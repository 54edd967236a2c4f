// R21: a save writes what the state was when it began, training stands still no longer than 1.1 x a copy of
// it, and a second save waits for the first.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/reliability/campaign.h"
#include "tests/reliability/quick_files.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"
#include "trainer/checkpoint/held_state.h"

namespace genesis::reliability {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

/// A slow disk.
class SlowFiles : public QuickFiles {
 public:
  int64_t write(int file, const void* data, int64_t bytes) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return QuickFiles::write(file, data, bytes);
  }
};

void overwrite_while_saving(const std::filesystem::path& folder, int rounds, Cases& cases) {
  TinyState state, loaded;
  SlowFiles slow;
  auto saver = state.saver({.output_dir = folder, .keep = 0, .files = &slow});
  for (int n = 1; n <= rounds; ++n) {
    state.fill(uint64_t(n));
    const std::string wanted = state.digest();
    const auto begin = Clock::now();
    saver.save(at_step(n));
    cases.expect(seconds_since(begin) < 30.0, "save() never returned");
    cases.expect(saver.published_step() == (n == 1 ? -1 : n - 1),
                 fmt::format("save {} did not wait for the one before", n));
    state.fill(1000);  // training goes on
    saver.require_saved(n);
    cases.expect(loaded.load(folder, true) == n && loaded.digest() == wanted,
                 fmt::format("save {}: what came after it reached the disk", n));
    if (n < rounds) {  // and two at once: the next round's save begins while this one is in flight
      state.fill(uint64_t(n));
      saver.save(at_step(n));
    }
  }
}

struct Stall {
  double save = 0, copy = 0;  // s, medians
};

/// Alternates saves of a larger state with plain copies of its bytes.
Stall measure_stall(const std::filesystem::path& folder, const TinyState::Size& size, int rounds,
                    int64_t& bytes) {
  TinyState state(size);
  bytes = state.bytes();
  auto saver = state.saver({.output_dir = folder, .keep = 1});
  const auto parts = state.parts();
  std::vector<std::byte> target(static_cast<size_t>(bytes), std::byte{1});
  std::vector<double> saves, copies;
  for (int n = 1; n <= rounds + 1; ++n) {
    saver.save(at_step(n));
    const double stall = saver.last_stall_seconds();
    saver.require_saved(n);
    const auto held =
        trainer::held_state(parts.model, parts.optimizer, parts.config, models::naming_of(parts.config));
    const auto begin = Clock::now();
    size_t at = 0;
    for (const auto& tensor : held)
      for (const auto& part : tensor.parts) {
        std::memcpy(target.data() + at, part.values.plain().raw(), size_t(part.values.plain().nbytes()));
        at += size_t(part.values.plain().nbytes());
      }
    const double copy = seconds_since(begin);
    if (n == 1) continue;  // the first save touches its memory for the first time
    saves.push_back(stall);
    copies.push_back(copy);
  }
  const auto median = [](std::vector<double> v) {
    std::nth_element(v.begin(), v.begin() + std::ptrdiff_t(v.size() / 2), v.end());
    return v[v.size() / 2];
  };
  return {median(saves), median(copies)};
}

}  // namespace

Outcome run_R21(const Mode& mode) {
  const testing::TempFolder temp;
  Cases cases;
  std::filesystem::create_directories(temp / "slow");
  std::filesystem::create_directories(temp / "large");
  overwrite_while_saving(temp / "slow", mode.full ? 20 : 3, cases);
  int64_t bytes = 0;
  const TinyState::Size size = mode.full ? TinyState::Size{.vocabulary = 32768, .width = 512, .layers = 4}
                                         : TinyState::Size{8192, 256, 4};
  Stall stall;
  double ratio = 1e9;
  // The short form runs beside other tests: it looks for a gross change alone.
  const double bar = mode.full ? 1.1 : 2.0;
  for (int attempt = 0; attempt < 3 && ratio > 1.1; ++attempt) {
    stall = measure_stall(temp / "large", size, mode.full ? 15 : 9, bytes);
    ratio = stall.save / stall.copy;
  }
  cases.expect(ratio <= bar, fmt::format("stall {:.2f} x the copy", ratio));
  return {cases.good(), fmt::format("{} MB: stall {:.1f} ms, copy {:.1f} ms, ratio {:.2f}{}", bytes / 1000000,
                                    stall.save * 1e3, stall.copy * 1e3, ratio, cases.failures())};
}

}  // namespace genesis::reliability
