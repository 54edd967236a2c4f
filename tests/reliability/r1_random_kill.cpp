// R1: kill -9 of a random rank, and of mpirun, at a random moment of a training run, again and again; each
// restart goes on from a complete checkpoint, and when the run has ended its whole trace of losses and
// gradient norms is that of a run nobody disturbed, bit for bit.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "tests/reliability/campaign.h"
#include "tests/reliability/job.h"
#include "tests/support/tiny_run.h"
#include "trainer/config/print.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

constexpr int kRanks = 4;
constexpr int64_t kSaveSteps = 3;
constexpr int kKillsOfARun = 8;  // then it may end

/// (loss, gradient norm) of every step, as written.
std::vector<std::string> trace_of(const fs::path& output) {
  std::ifstream in(output / "metrics.jsonl");
  std::vector<std::string> trace;
  for (std::string line; std::getline(in, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object()) trace.push_back(json["loss"].dump() + " " + json["grad_norm"].dump());
  }
  return trace;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool save_in_flight(const fs::path& output) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output, error))
    if (entry.path().filename().string().ends_with(".partial")) return true;
  return false;
}

/// The step the last start of a job resumed at; 0: from its start. -1: the log does not say.
int64_t resumed_step(const std::string& log) {
  const std::string key = "resumed at step ";
  const size_t at = log.rfind(key), model = log.rfind("model: ");
  if (model == std::string::npos) return -1;
  return at == std::string::npos ? 0 : std::stoll(log.substr(at + key.size()));
}

struct Tally {
  int64_t kills = 0, of_mpirun = 0, inside_save = 0, runs = 0, most_lost = 0;
  double slowest_end = 0;  // s from the kill until mpirun was gone
};

class Campaign {
 public:
  Campaign(const Mode& mode, Cases& cases) : mode_(mode), cases_(cases), random_(mode.seed) {
    auto c = run_.config("unused");
    c.max_steps = 24;
    c.save_steps = kSaveSteps;
    c.save_total_limit = 2;
    config_ = run_.folder().write("kill.yaml", trainer::write_resolved(c));
    Job undisturbed(command(run_ / "undisturbed"), run_ / "undisturbed.log");
    const auto begin = now();
    const auto code = undisturbed.wait(300);
    seconds_ = now() - begin;
    cases_.expect(code == 0, "the undisturbed run: " + text_of(run_ / "undisturbed.log"));
    wanted_ = trace_of(run_ / "undisturbed");
    cases_.expect(wanted_.size() == 24, "the undisturbed run wrote another number of steps");
  }

  /// One run, disturbed until it has had its kills.
  void disturb(Tally& tally, int64_t kills, int64_t kills_of_mpirun) {
    const std::string name = fmt::format("run-{}", tally.runs++);
    const fs::path output = run_ / name;
    int64_t steps_before = 0;
    for (int start = 0;; ++start) {
      const fs::path log = run_ / fmt::format("{}-{}.log", name, start);
      Job job(command(output), log);
      const bool more = tally.kills < kills || tally.of_mpirun < kills_of_mpirun;
      const bool kill = more && start < kKillsOfARun;
      const double delay = kill ? seconds_ * std::uniform_real_distribution<>(0.15, 1.05)(random_) : 300;
      auto code = job.wait(delay);
      if (!code && kill) {
        const bool mpirun = draws_mpirun(kills - tally.kills, kills_of_mpirun - tally.of_mpirun);
        kill_one(job, mpirun);
        const bool inside = save_in_flight(output);
        const auto begin = now();
        code = job.wait(30);
        tally.slowest_end = std::max(tally.slowest_end, now() - begin);
        cases_.expect(code.has_value(),
                      fmt::format("{} start {}: still there: {}", name, start, text_of(log)));
        // 0: the kill found a run that had ended, so it does not count; the trace says whether that is true.
        if (code != 0) {
          ++(mpirun ? tally.of_mpirun : tally.kills);
          tally.inside_save += inside;
          note_loss(log, steps_before, tally, name);
          steps_before = int64_t(trace_of(output).size());
          continue;
        }
      }
      if (code && *code == 64 && text_of(log).find("another job") != std::string::npos) {
        job_of_before_lives(start);  // ranks whose mpirun was killed take a moment to notice
        continue;
      }
      note_loss(log, steps_before, tally, name);
      cases_.expect(code == 0, fmt::format("{} start {}: {}", name, start, text_of(log)));
      break;
    }
    cases_.expect(trace_of(output) == wanted_, name + ": its trace differs from the undisturbed one");
    fs::remove_all(output);
  }

 private:
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  std::vector<std::string> command(const fs::path& output) const {
    return mpirun_train(mode_.mpiexec, mode_.program, kRanks, config_, {"output_dir=" + output.string()});
  }

  bool draws_mpirun(int64_t kills_left, int64_t kills_of_mpirun_left) {
    return int64_t(random_() % uint64_t(kills_left + kills_of_mpirun_left)) >= kills_left;
  }

  void kill_one(Job& job, bool mpirun) {
    const auto ranks = job.children();
    const bool no_rank = mpirun || ranks.empty();
    job.send(SIGKILL, no_rank ? job.pid() : ranks[random_() % ranks.size()]);
  }

  void job_of_before_lives(int start) {
    cases_.expect(start < 1000, "the output folder was never free again");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  /// What the restart threw away: at most the steps since the last save, and one save that was in flight.
  void note_loss(const fs::path& log, int64_t steps_before, Tally& tally, const std::string& name) {
    const int64_t step = resumed_step(text_of(log));
    if (step < 0) return;
    const int64_t lost = steps_before - step;
    tally.most_lost = std::max(tally.most_lost, lost);
    cases_.expect(lost <= 2 * kSaveSteps, fmt::format("{}: {} steps lost", name, lost));
  }

  Mode mode_;
  Cases& cases_;
  std::mt19937_64 random_;
  testing::TinyRun run_;
  fs::path config_;
  double seconds_ = 0;  // of an undisturbed run
  std::vector<std::string> wanted_;
};

}  // namespace

Outcome run_R1(const Mode& mode) {
  Cases cases;
  Tally tally;
  const int64_t kills = mode.full ? 500 : 10, of_mpirun = mode.full ? 50 : 2;
  Campaign campaign(mode, cases);
  while (cases.good() && (tally.kills < kills || tally.of_mpirun < of_mpirun))
    campaign.disturb(tally, kills, of_mpirun);
  if (mode.full) cases.expect(tally.inside_save >= 150, "fewer than 150 kills inside a save");
  return {
      cases.good(),
      fmt::format(
          "{} kills of a rank, {} of mpirun, {} inside a save, {} runs, at most {} steps lost, gone within "
          "{:.1f} s, every trace bit-identical{}",
          tally.kills, tally.of_mpirun, tally.inside_save, tally.runs, tally.most_lost, tally.slowest_end,
          cases.failures())};
}

}  // namespace genesis::reliability
