// R1: kill -9 of a random rank, and of mpirun, at a random moment of a training run, again and again; each
// restart goes on from a complete checkpoint, and when the run has ended its whole trace of losses and
// gradient norms is that of a run nobody disturbed, bit for bit. Four ranks, dp4 and dp2 x tp2 by turns.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

constexpr int kRanks = 4;
constexpr int64_t kSteps = 60, kSaveSteps = 3;
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

/// Whether a checkpoint is being written by a job that started at `start`: not the leftover of one before.
bool save_in_flight(const fs::path& output, fs::file_time_type start) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output, error)) {
    if (!entry.path().filename().string().ends_with(".partial")) continue;
    const auto written = fs::last_write_time(entry.path(), error);
    if (!error && written > start) return true;
  }
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

/// Runs of one layout, all alike.
class Layout {
 public:
  Layout(const char* name, int64_t tensor_parallel, Cases& cases, std::mt19937_64& random)
      : name_(name), cases_(cases), random_(random) {
    config_ = disk_.run().config("unused");
    config_.model.hidden_size = 64;
    config_.global_batch_size = kRanks;
    config_.max_steps = kSteps;
    config_.save_steps = kSaveSteps;
    config_.save_total_limit = 2;
    config_.tensor_parallel_size = tensor_parallel;
    const fs::path output = disk_.run() / "undisturbed";
    MpiJob undisturbed(command(output));
    const auto begin = now();
    const int code = undisturbed.wait(300);
    seconds_ = now() - begin;
    cases_.expect(code == 0, name_ + ", undisturbed: " + undisturbed.output());
    wanted_ = trace_of(output);
    cases_.expect(wanted_.size() == size_t(kSteps),
                  name_ + ": the undisturbed run wrote another number of steps");
  }

  /// One run, disturbed until it has had its kills.
  void disturb(Tally& tally, int64_t kills, int64_t kills_of_mpirun) {
    const std::string name = fmt::format("{} run {}", name_, tally.runs++);
    const fs::path output = disk_.run() / "run";
    int64_t steps_before = 0;
    for (int start = 0, killed = 0;; ++start) {
      const auto started = fs::file_time_type::clock::now();
      MpiJob job(command(output));
      const int64_t left = std::max<int64_t>(0, kills - tally.kills);
      const int64_t mpirun_left = std::max<int64_t>(0, kills_of_mpirun - tally.of_mpirun);
      const bool kill = killed < kKillsOfARun && left + mpirun_left > 0;
      int code = job.wait(kill ? seconds_ * std::uniform_real_distribution<>(0.15, 1.05)(random_) : 300);
      if (code < 0 && kill) {
        const bool mpirun = kill_one(job, int64_t(random_() % uint64_t(left + mpirun_left)) >= left);
        const bool inside = save_in_flight(output, started);
        const auto begin = now();
        code = job.wait(30);
        tally.slowest_end = std::max(tally.slowest_end, now() - begin);
        cases_.expect(code >= 0, fmt::format("{} start {}: still there: {}", name, start, job.output()));
        // 0: the kill found a run that had ended, so it does not count; the trace says whether that is true.
        if (code != 0) {
          ++killed;
          ++(mpirun ? tally.of_mpirun : tally.kills);
          tally.inside_save += inside;
          note_loss(job.output(), steps_before, tally, name);
          steps_before = int64_t(trace_of(output).size());
          continue;
        }
      }
      if (code == 64 && job.output().find("another job") != std::string::npos) {
        job_of_before_lives(start);  // ranks whose mpirun was killed take a moment to notice
        continue;
      }
      note_loss(job.output(), steps_before, tally, name);
      cases_.expect(code == 0, fmt::format("{} start {}: exit code {}: {}", name, start, code, job.output()));
      break;
    }
    cases_.expect(trace_of(output) == wanted_, name + ": its trace differs from the undisturbed one");
    fs::remove_all(output);
  }

 private:
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  std::vector<std::string> command(const fs::path& output) {
    config_.output_dir = output.string();
    return disk_.words(kRanks, disk_.write(config_, "kill.yaml"));
  }

  /// A random rank, or mpirun: also when there is no rank yet. Returns whether it was mpirun.
  bool kill_one(MpiJob& job, bool mpirun) {
    const auto ranks = job.ranks();
    mpirun = mpirun || ranks.empty();
    if (mpirun)
      job.signal(SIGKILL);
    else
      ::kill(std::next(ranks.begin(), std::ptrdiff_t(random_() % ranks.size()))->second, SIGKILL);
    return mpirun;
  }

  void job_of_before_lives(int start) {
    cases_.expect(start < 1000, "the output folder was never free again");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  /// What the restart threw away: at most the steps since the last save, and one save that was in flight.
  void note_loss(const std::string& log, int64_t steps_before, Tally& tally, const std::string& name) {
    const int64_t step = resumed_step(log);
    if (step < 0) return;
    const int64_t lost = steps_before - step;
    tally.most_lost = std::max(tally.most_lost, lost);
    cases_.expect(lost <= 2 * kSaveSteps, fmt::format("{}: {} steps lost", name, lost));
  }

  std::string name_;
  Cases& cases_;
  std::mt19937_64& random_;
  JobOnDisk disk_;
  trainer::TrainConfig config_;
  double seconds_ = 0;  // of an undisturbed run
  std::vector<std::string> wanted_;
};

}  // namespace

Outcome run_R1(const Mode& mode) {
  Cases cases;
  Tally tally;
  std::mt19937_64 random(mode.seed);
  const int64_t kills = mode.full ? 500 : 10, of_mpirun = mode.full ? 50 : 2;
  Layout layouts[] = {{"dp4", 1, cases, random}, {"dp2 x tp2", 2, cases, random}};
  while (cases.good() && (tally.kills < kills || tally.of_mpirun < of_mpirun)) {
    layouts[tally.runs % 2].disturb(tally, kills, of_mpirun);
    if (mode.full)  // an hour is long
      fmt::print(stderr, "R1: {} and {} kills so far, {} inside a save\n", tally.kills, tally.of_mpirun,
                 tally.inside_save);
  }
  if (mode.full) cases.expect(tally.inside_save >= 150, "fewer than 150 kills inside a save");
  return {cases.good(), fmt::format("{} kills of a rank, {} of mpirun, {} inside a save, {} runs of dp4 and "
                                    "dp2 x tp2, at most {} steps "
                                    "lost, gone within {:.1f} s, every trace bit-identical{}",
                                    tally.kills, tally.of_mpirun, tally.inside_save, tally.runs,
                                    tally.most_lost, tally.slowest_end, cases.failures())};
}

}  // namespace genesis::reliability
