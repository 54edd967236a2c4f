#include <algorithm>
#include <filesystem>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {
namespace {

/// SIGTERM to an mpirun that leaves its ranks 4 s before and after they get it. Returns how long it took.
double stop_by_patient_mpirun(Cases& cases) {
  const JobOnDisk disk;
  trainer::TrainConfig c = disk.endless("out", 30);
  c.global_batch_size =
      36;  // mpirun reads no more while it waits: the lines of that time must fit a pipe of 64 KiB
  std::vector<std::string> words = disk.words(2, disk.write(c, "run.yaml"));
  words.insert(words.begin(), {"--mca", "odls_base_sigkill_timeout", "4"});
  MpiJob job(words);
  job.wait_until([&] { return JobOnDisk::steps_done(c) > 3; });
  job.signal(SIGTERM);
  const JobEnd e = end_of(job, 60);
  const std::string saved = fmt::format("checkpoint-{}", JobOnDisk::steps_done(c));
  // mpirun's own status is 1, whatever its ranks say, and it may no longer print what they say.
  cases.expect(job.noted() == 75 && std::filesystem::exists(std::filesystem::path(c.output_dir) / saved),
               fmt::format("SIGTERM to mpirun: the ranks left {}, {}\n{}", job.noted(), saved, e.output));
  return e.seconds;
}

}  // namespace

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
  double slowest = 0, slowest_mpirun = 0;
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
  for (int i = 0; i < (mode.full ? 5 : 1); ++i)
    slowest_mpirun = std::max(slowest_mpirun, stop_by_patient_mpirun(cases));
  {
    MpiJob job(disk.words(2, file));
    cases.expect(job.wait(600) == 0, "the last start: " + job.output());
  }
  const auto a = trace(whole), b = trace(c);
  cases.expect(a == b, fmt::format("the traces differ: {} and {} steps", a.size(), b.size()));
  cases.expect(stops >= wanted / 2, fmt::format("only {} signals met a running job", stops));
  return {
      cases.good(),
      fmt::format(
          "{} stops, saved and over {:.1f} s after the signal at most ({:.1f} s after SIGTERM to an mpirun "
          "that waits 4 s); {} steps bit-identical{}",
          stops, slowest, slowest_mpirun, b.size(), cases.failures())};
}

}  // namespace genesis::reliability
