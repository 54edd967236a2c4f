#include <algorithm>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {

Outcome run_R9(const Mode& mode) {
  const int wanted = mode.full ? 50 : 5;
  Cases cases;
  std::mt19937_64 random(mode.seed);
  const JobOnDisk disk;
  trainer::TrainConfig whole = disk.run().config("whole");
  whole.max_steps = 30 * wanted;
  whole.save_total_limit = 2;
  {
    MpiJob job(disk.words(2, disk.write(whole, "whole.yaml")));
    cases.expect(job.wait(600) == 0, "the undisturbed run: " + job.output());
  }
  trainer::TrainConfig c = whole;
  c.output_dir = (disk.run() / "parts").string();
  const std::string file = disk.write(c, "parts.yaml");
  int stops = 0;
  double slowest = 0;
  for (int start = 0; start < 3 * wanted && stops < wanted && cases.good(); ++start) {
    MpiJob job(disk.words(2, file));
    const int64_t before = JobOnDisk::steps_done(c), some = int64_t(random() % 20);
    job.wait_until([&] { return JobOnDisk::steps_done(c) > before + some; });
    if (start % 4 == 3)
      for (const auto& [rank, process] : job.ranks()) ::kill(process, SIGTERM);  // as SLURM does
    else
      job.signal(SIGUSR1);
    const JobEnd e = end_of(job, 60);
    if (e.code == 0) break;
    slowest = std::max(slowest, e.seconds);
    ++stops;
    cases.expect(e.code == 75 && e.says("stopped after step"),
                 fmt::format("start {}: exit code {}\n{}", start, e.code, e.output));
  }
  {
    MpiJob job(disk.words(2, file));
    cases.expect(job.wait(600) == 0, "the last start: " + job.output());
  }
  const auto a = trace(whole), b = trace(c);
  cases.expect(a == b, fmt::format("the traces differ: {} and {} steps", a.size(), b.size()));
  cases.expect(stops >= wanted / 2, fmt::format("only {} signals met a running job", stops));
  return {cases.good(),
          fmt::format("{} stops, saved and over {:.1f} s after the signal at most; {} steps bit-identical{}",
                      stops, slowest, b.size(), cases.failures())};
}

}  // namespace genesis::reliability
