#include "trainer/control/hang_judge.h"

#include <gtest/gtest.h>

#include <cstring>

#include "trainer/control/hang_report.h"

namespace genesis::trainer {
namespace {

constexpr double kTick = 0.25;

/// Ranks that beat and advance until told otherwise, and a judge that looks every kTick seconds.
class Job {
 public:
  explicit Job(int ranks, HangLimits limits = {.hang = 5, .setup = 100}) : judge_(limits) {
    for (int r = 0; r < ranks; ++r) {
      PulseView v;
      v.beat = 1;
      v.rank = r;
      v.process = 100 + r;
      v.phase = Phase::step;
      v.process_state = 'S';
      v.steps_here = 3;
      v.step = 7;
      v.calls = 9;
      v.call.call.count = 100;
      v.call.call.sequence = 41;
      std::strcpy(v.host.data(), r < 2 ? "alpha" : "beta");
      std::strcpy(v.call.group.data(), "world");
      views.push_back(v);
    }
    moves.assign(size_t(ranks), true);
    beats.assign(size_t(ranks), true);
    far.assign(size_t(ranks), false);
  }

  /// Looks for `seconds`; the time of the first verdict, or -1.
  double watch(double seconds) {
    for (double t = kTick; t <= seconds; t += kTick) {
      for (size_t i = 0; i < views.size(); ++i) {
        views[i].beat += beats[i] && views[i].beat > 0;
        views[i].progress += moves[i];
      }
      verdict = judge_.look(views, kTick, far);
      if (verdict) return t;
    }
    return -1;
  }
  Trouble trouble(size_t rank) const { return verdict->findings[rank].trouble; }
  void wait_in_call(size_t rank, int64_t sequence) {
    views[rank].waiting = true;
    views[rank].call.call.sequence = sequence;
    moves[rank] = false;
  }

  std::vector<PulseView> views;
  std::vector<bool> moves, beats, far;
  std::optional<Verdict> verdict;

 private:
  HangJudge judge_;
};

TEST(HangJudge, TellsDeadStoppedSilentAndUnreachableApart) {
  for (const auto& [state, far, trouble, after] :
       {std::tuple{'T', false, Trouble::stopped, 5.0}, std::tuple{'t', false, Trouble::stopped, 5.0},
        std::tuple{'D', false, Trouble::silent, 5.0}, std::tuple{'Z', false, Trouble::dead, 1.0},
        std::tuple{'-', false, Trouble::dead, 1.0}, std::tuple{'?', true, Trouble::unreachable, 5.0},
        std::tuple{'T', true, Trouble::stopped, 5.0}}) {
    Job job(4);
    EXPECT_EQ(job.watch(20), -1);
    job.beats[2] = job.moves[2] = false;
    job.views[2].process_state = state;
    job.far[2] = far;
    const double t = job.watch(20);
    EXPECT_NEAR(t, after + kTick, 1e-9) << state;
    EXPECT_EQ(job.trouble(2), trouble) << state;
    EXPECT_TRUE(job.verdict->by_silence);
    for (size_t other : {0, 1, 3}) EXPECT_EQ(job.trouble(other), Trouble::none);
  }
}

TEST(HangJudge, WhoComputesWhileOthersWaitIsBehind) {
  Job job(3);
  job.watch(1);
  job.wait_in_call(0, 42);
  job.wait_in_call(2, 42);
  EXPECT_EQ(job.watch(30), -1) << "rank 1 makes progress";
  job.moves[1] = false;
  EXPECT_GT(job.watch(30), 4.9);
  EXPECT_EQ(job.trouble(1), Trouble::behind);
  EXPECT_EQ(job.trouble(0), Trouble::none);
  EXPECT_FALSE(job.verdict->by_silence);
}

TEST(HangJudge, AmongWaitersTheOddCallIsStuck) {
  Job job(4);
  for (size_t r = 0; r < 4; ++r) job.wait_in_call(r, r == 3 ? 41 : 42);
  EXPECT_GT(job.watch(30), 4.9);
  EXPECT_EQ(job.trouble(3), Trouble::stuck);
  EXPECT_EQ(job.trouble(0), Trouble::none);
}

TEST(HangJudge, AllInTheSameCallAreStuck) {
  Job job(2);
  for (size_t r = 0; r < 2; ++r) job.wait_in_call(r, 42);
  EXPECT_GT(job.watch(30), 4.9);
  EXPECT_EQ(job.trouble(0), Trouble::stuck);
  EXPECT_EQ(job.trouble(1), Trouble::stuck);
}

TEST(HangJudge, NobodyIsAccusedWhileNobodyWaits) {
  Job job(2);
  job.moves = {false, false};
  EXPECT_EQ(job.watch(1000), -1) << "two ranks that compute for long";
}

TEST(HangJudge, SavingStartingAndTheFirstStepHaveTheirOwnPatience) {
  Job saving(2);
  saving.wait_in_call(0, 42);
  saving.moves[1] = false;
  saving.views[1].phase = Phase::save;
  EXPECT_NEAR(saving.watch(300), 100 + kTick, 2 * kTick);

  Job starting(2);
  starting.views[0].phase = starting.views[1].phase = Phase::start;
  starting.wait_in_call(0, 1);
  starting.moves[1] = false;
  EXPECT_NEAR(starting.watch(300), 100 + kTick, 2 * kTick);

  Job first(2);
  first.views[0].steps_here = first.views[1].steps_here = 0;
  first.wait_in_call(0, 42);
  first.moves[1] = false;
  EXPECT_NEAR(first.watch(300), 25 + kTick, 2 * kTick);

  // A stopped rank is found in each of them at the plain limit.
  for (Phase phase : {Phase::start, Phase::save, Phase::evaluate}) {
    Job stopped(2);
    stopped.views[1].phase = phase;
    stopped.watch(1);
    stopped.beats[1] = stopped.moves[1] = false;
    stopped.views[1].process_state = 'T';
    EXPECT_NEAR(stopped.watch(300), 5 + kTick, 1e-9);
  }
}

TEST(HangJudge, QuietTimesThatEndedWellWidenThePatience) {
  Job job(2);
  job.wait_in_call(0, 42);
  job.moves[1] = false;
  EXPECT_EQ(job.watch(4), -1);
  job.moves[1] = true;
  job.watch(1);
  job.moves[1] = false;
  EXPECT_NEAR(job.watch(300), 12 + kTick, 3 * kTick);
}

TEST(HangJudge, WhoSaidGoodbyeIsAccusedOnlyWhenOthersWaitForIt) {
  Job job(2);
  job.views[1].phase = Phase::gone;
  job.views[1].process_state = '-';
  job.beats[1] = job.moves[1] = false;
  EXPECT_EQ(job.watch(100), -1);
  job.wait_in_call(0, 42);
  EXPECT_GT(job.watch(100), 4.9);
  EXPECT_EQ(job.trouble(1), Trouble::dead);
}

TEST(HangJudge, ARankThatNeverStartsIsAbsent) {
  Job job(2);
  job.views[1] = {};
  job.moves[1] = job.beats[1] = false;
  EXPECT_NEAR(job.watch(300), 100 + kTick, 1e-9);
  EXPECT_EQ(job.trouble(1), Trouble::absent);
}

TEST(HangReport, NamesRankHostProcessStepCallAndSequence) {
  Job job(3);
  job.watch(1);
  for (size_t r : {0, 1}) job.wait_in_call(r, 42);
  job.beats[2] = job.moves[2] = false;
  job.views[2].process_state = 'T';
  job.watch(30);
  const std::string text = hang_report(job.verdict->findings);
  const std::string first = text.substr(0, text.find('\n'));
  for (const char* part : {"rank 2 (host beta, pid 102)", "stopped", "step 7", "#41", "world"})
    EXPECT_NE(first.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_NE(text.find("in barrier #42"), std::string::npos) << text;
}

}  // namespace
}  // namespace genesis::trainer
