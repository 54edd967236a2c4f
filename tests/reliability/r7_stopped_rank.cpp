#include <algorithm>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {
namespace {

constexpr double kHang = 5, kBar = 10;  // s

struct Moment {
  const char* name;
  bool at_start, saving;
};
constexpr Moment kMoments[] = {
    {"in a step", false, false}, {"in a save", false, true}, {"at start", true, false}};

std::string problem_of(const JobEnd& e, int rank, int process) {
  if (process == 0) return "the job did not start, or ended by itself";
  if (e.code != 74) return fmt::format("exit code {}", e.code);
  if (e.seconds > kBar) return fmt::format("{:.1f} s", e.seconds);
  if (e.left > 0) return fmt::format("{} ranks left", e.left);
  for (const std::string& part : {fmt::format("rank {} (host ", rank), fmt::format("pid {}", process)})
    if (!e.says(part)) return "the message lacks '" + part + "'";
  if (!e.says("collective")) return "the message names no collective";
  return "";
}

/// Stops rank `victim` of a job of its own; `process` is its process, 0 when there was none.
JobEnd stop_one(const Moment& moment, int victim, std::mt19937_64& random, int& process) {
  const JobOnDisk disk;
  trainer::TrainConfig c = disk.endless("out", kHang);
  if (moment.saving) c.save_steps = 1;
  MpiJob job(disk.words(4, disk.write(c, "run.yaml")));
  job.wait_until([&] { return moment.at_start ? job.ranks().size() == 4 : JobOnDisk::steps_done(c) >= 2; });
  std::this_thread::sleep_for(std::chrono::milliseconds(random() % (moment.at_start ? 100 : 400)));
  const auto ranks = job.ranks();
  process = ranks.contains(victim) ? ranks.at(victim) : 0;
  if (process != 0) ::kill(process, SIGSTOP);
  return end_of(job, process != 0 ? 60 : 0);
}

}  // namespace

Outcome run_R7(const Mode& mode) {
  const int runs = mode.full ? 40 : 5;
  Cases cases;
  std::mt19937_64 random(mode.seed);
  double longest = 0;
  for (int run = 0; run < runs; ++run) {
    const Moment moment = kMoments[run % 3];
    const int victim = int(random() % 4);
    int process = 0;
    const JobEnd e = timed_end(mode, kBar, [&] { return stop_one(moment, victim, random, process); });
    longest = std::max(longest, e.seconds);
    const std::string problem = problem_of(e, victim, process);
    cases.expect(problem.empty(), fmt::format("rank {} {}: {}\n{}", victim, moment.name, problem, e.output));
  }
  return {cases.good(), fmt::format("{} ranks stopped at a {} s limit: job over after {:.1f} s at most{}",
                                    runs, kHang, longest, cases.failures())};
}

}  // namespace genesis::reliability
