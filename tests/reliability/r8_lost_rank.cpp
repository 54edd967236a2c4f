#include <algorithm>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {

Outcome run_R8(const Mode& mode) {
  constexpr double kKilledBar = 3, kHang = 1, kSlowBar = kHang + 3;  // s
  Cases cases;
  std::mt19937_64 random(mode.seed);
  double killed = 0, others = 0;
  const int rounds = mode.full ? 10 : 1;
  for (int round = 0; round < rounds; ++round) {
    for (const char* action : {"kill", "exit", "throw", "skip", "lag"}) {
      for (const char* memory : {"GENESIS_SHARED_MEMORY=1", "GENESIS_SHARED_MEMORY=0"}) {
        const JobOnDisk disk;
        const trainer::TrainConfig c = disk.endless("out", kHang);
        const int victim = int(random() % 3), step = 3 + int(random() % 4);
        MpiJob job(disk.words(3, disk.write(c, "run.yaml")),
                   {fmt::format("GENESIS_FAULT=rank={} step={} action={}", victim, step, action), memory});
        job.wait_until([&] { return JobOnDisk::steps_done(c) >= step - 1; });
        const JobEnd e = end_of(job, 60);
        const bool at_once = std::string_view(action) == "kill";
        const double bar = at_once ? kKilledBar : kSlowBar;
        (at_once ? killed : others) = std::max(at_once ? killed : others, e.seconds);
        const bool named = e.says(fmt::format("rank {}", victim));
        cases.expect(e.code > 0 && e.left == 0 && e.seconds <= bar && named,
                     fmt::format("{} of rank {}, {}: exit code {}, {:.1f} s, {} left\n{}", action, victim,
                                 memory, e.code, e.seconds, e.left, e.output));
      }
    }
  }
  return {
      cases.good(),
      fmt::format(
          "{} jobs: over {:.1f} s after kill -9, {:.1f} s after exit, throw, skip or lag at a {} s limit{}",
          cases.count(), killed, others, kHang, cases.failures())};
}

}  // namespace genesis::reliability
