// What a user sees of a job started by mpirun: threads per rank, and what remains when a rank fails.
#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "tests/support/command_run.h"
#include "tests/support/job_code.h"
#include "tests/support/temp_folder.h"

namespace genesis::parallel {
namespace {

struct Outcome {
  int exit_code = -1;
  int noted = -1;  // by the first rank that ended the job
  std::string output;
  double seconds = 0;
};

Outcome run(const std::string& command) {
  const testing::TempFolder folder;
  const std::string note = (folder / "exit").string();
  const auto start = std::chrono::steady_clock::now();
  const auto ended =
      testing::run_command("unset OMP_NUM_THREADS; export GENESIS_EXIT_NOTE=" + note + "; " + command);
  Outcome o{.output = ended.output};
  o.exit_code = testing::job_code(ended.status, note, o.output);
  std::ifstream(note) >> o.noted;
  o.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return o;
}

Outcome mpirun(const std::string& options, const std::string& word) {
  return run("OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun " + options +
             " " GENESIS_MPI_PROGRAM " " + word);
}

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Launch, AloneNeverTouchesMpi) {
  const Outcome o = run("env -i PATH=\"$PATH\" OMPI_MCA_pml=none_such " GENESIS_MPI_PROGRAM " collectives");
  EXPECT_EQ(o.exit_code, 0) << o.output;  // MPI_Init would fail for want of that component
}

TEST(Launch, OneErrorNamesTheRank) {
  for (const char* options : {"-n 3 --oversubscribe", "-n 3 --oversubscribe -x GENESIS_SHARED_MEMORY=0"}) {
    const Outcome o = mpirun(options, "throw");
    EXPECT_EQ(o.exit_code, 65) << o.output;
    EXPECT_EQ(o.noted, 65) << o.output;
    EXPECT_EQ(count(o.output, "error: "), 1) << o.output;
    EXPECT_EQ(count(o.output, "rank 1: error: train.jsonl:7:3: no assistant turn"), 1) << o.output;
    EXPECT_LT(o.seconds, 60);
  }
}

TEST(Launch, TheSameErrorEverywhereIsPrintedOnce) {
  Outcome o = mpirun("-n 3 --oversubscribe", "throw_everywhere");
  EXPECT_EQ(o.exit_code, 65) << o.output;
  EXPECT_EQ(count(o.output, "all ranks see this"), 1) << o.output;
  o = mpirun("-n 3 --oversubscribe", "throw_before_start");
  EXPECT_EQ(o.exit_code, 64) << o.output;
  EXPECT_EQ(o.noted, 64) << o.output;
  EXPECT_EQ(count(o.output, "learning_rat"), 1) << o.output;
  EXPECT_EQ(count(o.output, "rank 0: error: key 'learning_rat' is unknown"), 1) << o.output;
}

TEST(Launch, AThrowWithPendingCallsDoesNotHang) {
  const Outcome o = mpirun("-n 2 --oversubscribe", "throw_while_pending");
  EXPECT_EQ(o.exit_code, 70) << o.output;
  EXPECT_EQ(count(o.output, "rank 1: error: the loss is NaN"), 1) << o.output;
  EXPECT_LT(o.seconds, 60);
}

TEST(Launch, AKilledRankEndsTheJob) {
  const Outcome o = mpirun("-n 3 --oversubscribe", "kill");
  EXPECT_EQ(o.exit_code, 137) << o.output;
  EXPECT_NE(o.output.find("rank 1"), std::string::npos) << o.output;
  EXPECT_LT(o.seconds, 60);
}

TEST(Launch, DisagreementIsNamedOverSharedMemoryAndMessages) {
  EXPECT_EQ(mpirun("-n 3 --oversubscribe", "disagree").exit_code, 0);
  const Outcome o = mpirun("-n 3 --oversubscribe -x GENESIS_SHARED_MEMORY=0", "disagree");
  EXPECT_EQ(o.exit_code, 0) << o.output;
}

TEST(Launch, ThreadsPerRankFollowTheBinding) {
  cpu_set_t mine;  // not hardware_concurrency(), which counts cores this process may not use
  ASSERT_EQ(sched_getaffinity(0, sizeof mine, &mine), 0);
  const int cores = CPU_COUNT(&mine);
  if (cores < 4) std::printf("only %d cores: thread counts are checked against those\n", cores);
  auto line = [](int rank, int threads) {
    return "rank " + std::to_string(rank) + " threads " + std::to_string(threads) + " ";
  };

  for (int ranks : {1, 2}) {  // mpirun's default pins each to a core, which nobody asked for
    const Outcome plain = mpirun("-n " + std::to_string(ranks), "threads");
    ASSERT_EQ(plain.exit_code, 0) << plain.output;
    for (int r = 0; r < ranks; ++r)
      EXPECT_EQ(count(plain.output, line(r, std::max(1, cores / ranks))), 1) << plain.output;
    EXPECT_EQ(count(plain.output, "--bind-to none"), 0) << plain.output;
  }
  const Outcome bound = mpirun("-n 2 --bind-to core", "threads");  // a wish is a wish
  ASSERT_EQ(bound.exit_code, 0) << bound.output;
  for (int r = 0; r < 2; ++r) EXPECT_EQ(count(bound.output, line(r, 1)), 1) << bound.output;
  const bool cores_are_left =
      std::thread::hardware_concurrency() >= 4;  // on the machine, whatever this process may use
  EXPECT_EQ(count(bound.output, "--bind-to none"), cores_are_left ? 1 : 0) << bound.output;

  for (int ranks : {1, 2, 4}) {
    const Outcome free = mpirun("--oversubscribe --bind-to none -n " + std::to_string(ranks), "threads");
    ASSERT_EQ(free.exit_code, 0) << free.output;
    for (int r = 0; r < ranks; ++r)
      EXPECT_EQ(count(free.output, line(r, std::max(1, cores / ranks))), 1) << free.output;
    EXPECT_EQ(count(free.output, "notice"), 0) << free.output;
  }
  const Outcome set = mpirun("--oversubscribe --bind-to none -n 2 -x OMP_NUM_THREADS=3", "threads");
  for (int r = 0; r < 2; ++r) EXPECT_EQ(count(set.output, line(r, 3)), 1) << set.output;
}

}  // namespace
}  // namespace genesis::parallel
