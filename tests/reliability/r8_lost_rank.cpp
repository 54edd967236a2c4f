#include <algorithm>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {
namespace {

constexpr double kBar = 3, kHang = 2, kSlowBar = kHang + 3;  // s

/// A job in which a rank does `action` at the begin of a step; timed from the step before.
JobEnd lose_one(const std::string& action, const std::string& memory, int victim, int step) {
  const JobOnDisk disk;
  const trainer::TrainConfig c = disk.endless("out", kHang);
  MpiJob job(disk.words(3, disk.write(c, "run.yaml")),
             {fmt::format("GENESIS_FAULT=rank={} step={} action={}", victim, step, action), memory});
  job.wait_until([&] { return JobOnDisk::steps_done(c) >= step - 1; });
  return end_of(job, 60);
}

}  // namespace

Outcome run_R8(const Mode& mode) {
  Cases cases;
  std::mt19937_64 random(mode.seed);
  double lost = 0, waiting = 0;
  const int rounds = mode.full ? 10 : 1;
  for (int round = 0; round < rounds; ++round) {
    for (const char* action : {"kill", "exit", "throw", "skip", "lag"}) {
      for (const char* memory : {"GENESIS_SHARED_MEMORY=1", "GENESIS_SHARED_MEMORY=0"}) {
        const int victim = int(random() % 3), step = 3 + int(random() % 4);
        // Messages meet a skipped collective by the watchdog alone, as they do a lag.
        const bool by_watchdog = std::string_view(action) == "lag" || std::string_view(action) == "skip";
        const double bar = by_watchdog ? kSlowBar : kBar;
        const JobEnd e = timed_end(mode, bar, [&] { return lose_one(action, memory, victim, step); });
        double& longest = by_watchdog ? waiting : lost;
        longest = std::max(longest, e.seconds);
        const bool named = e.says(fmt::format("rank {}", victim));
        cases.expect(e.code > 0 && e.left == 0 && e.seconds <= bar && named,
                     fmt::format("{} of rank {}, {}: exit code {}, {:.1f} s, {} left\n{}", action, victim,
                                 memory, e.code, e.seconds, e.left, e.output));
      }
    }
  }
  return {
      cases.good(),
      fmt::format("{} jobs: over {:.1f} s at most after kill -9, exit 0 or throw, {:.1f} s after a skipped "
                  "collective or a lag at a {} s limit{}",
                  cases.count(), lost, waiting, kHang, cases.failures())};
}

}  // namespace genesis::reliability
