// Jobs under mpirun that lose a rank in one way or another: they end, in time, and say why.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "tests/support/job_on_disk.h"

namespace genesis::trainer {
namespace {

using testing::end_of;
using testing::JobEnd;
using testing::JobOnDisk;
using testing::MpiJob;

constexpr double kHang = 2,
                 kPatience = 60;  // s; how long a job takes to end is measured by the campaign, R7 and R8

#define EXPECT_SAYS(output, part) EXPECT_NE((output).find(part), std::string::npos) << (output)

TEST(Hang, AStoppedRankEndsTheJobAndIsNamed) {
  const JobOnDisk disk;
  const TrainConfig c = disk.endless("out", kHang);
  MpiJob job(disk.words(3, disk.write(c, "run.yaml")));
  ASSERT_TRUE(job.wait_until([&] { return disk.steps_done(c) >= 3; })) << job.output();
  const int victim = job.ranks().at(1);
  ::kill(victim, SIGSTOP);
  const JobEnd e = end_of(job, kPatience);
  EXPECT_EQ(e.code, 74) << e.output;
  EXPECT_EQ(e.left, 0);
  EXPECT_GE(e.seconds, kHang / 2);
  EXPECT_SAYS(e.output, "rank 0: error: hang: rank 1 (host ");
  EXPECT_SAYS(e.output, "pid " + std::to_string(victim) + ") is stopped (SIGSTOP");
  EXPECT_SAYS(e.output, "all_reduce #");
  for (int r = 0; r < 3; ++r)
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(c.output_dir) / "hang" /
                                        ("rank-" + std::to_string(r) + ".txt")));
}

TEST(Hang, AStoppedFirstRankIsReportedByTheNext) {
  const JobOnDisk disk;
  const TrainConfig c = disk.endless("out", kHang);
  MpiJob job(disk.words(3, disk.write(c, "run.yaml")));
  ASSERT_TRUE(job.wait_until([&] { return disk.steps_done(c) >= 3; })) << job.output();
  ::kill(job.ranks().at(0), SIGSTOP);
  const JobEnd e = end_of(job, kPatience);
  EXPECT_EQ(e.code, 74) << e.output;
  EXPECT_EQ(e.left, 0);
  EXPECT_SAYS(e.output, "rank 1: error: hang: rank 0 (host ");
}

TEST(Hang, ARankStoppedWhileItStartsEndsTheJob) {
  const JobOnDisk disk;
  MpiJob job(disk.words(2, disk.write(disk.endless("out", kHang), "run.yaml")));
  ASSERT_TRUE(job.wait_until([&] { return job.ranks().size() == 2; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));  // after exec, most likely inside MPI_Init
  ::kill(job.ranks().at(1), SIGSTOP);
  const JobEnd e = end_of(job, kPatience);
  EXPECT_EQ(e.code, 74) << e.output;
  EXPECT_EQ(e.left, 0);
  EXPECT_SAYS(e.output, "rank 1");
}

TEST(Hang, ALaggingRankIsToldFromAStoppedOne) {
  const JobOnDisk disk;
  MpiJob job(disk.words(2, disk.write(disk.endless("out", kHang), "run.yaml")),
             {"GENESIS_FAULT=rank=1 step=4 action=lag"});
  const JobEnd e = end_of(job, kPatience);
  EXPECT_EQ(e.code, 74) << e.output;
  EXPECT_SAYS(e.output, "rank 1 (host ");
  EXPECT_SAYS(e.output, "lags: alive");
  EXPECT_SAYS(e.output, "step 4, after all_reduce");
}

TEST(Hang, ADiskThatDoesNotAnswerKeepsNobody) {
  const JobOnDisk disk;
  const TrainConfig c = disk.endless("out", kHang);
  const std::filesystem::path folder = std::filesystem::path(c.output_dir) / "hang";
  std::filesystem::create_directories(folder);
  ASSERT_EQ(::mkfifo((folder / "rank-0.txt").c_str(), 0600), 0);  // to open it for writing waits for a reader
  MpiJob job(disk.words(2, disk.write(c, "run.yaml")), {"GENESIS_FAULT=rank=1 step=4 action=lag"});
  const JobEnd e = end_of(job, kPatience);
  EXPECT_EQ(e.code, 74) << e.output;
  EXPECT_EQ(e.left, 0);
  EXPECT_SAYS(e.output, "lags: alive");
}

TEST(Hang, ASkippedCollectiveIsNoticedOverMemoryAndMessages) {
  for (const char* shared : {"GENESIS_SHARED_MEMORY=1", "GENESIS_SHARED_MEMORY=0"}) {
    const JobOnDisk disk;
    MpiJob job(disk.words(2, disk.write(disk.endless("out", kHang), "run.yaml")),
               {"GENESIS_FAULT=rank=1 step=4 action=skip", shared});
    const JobEnd e = end_of(job, kPatience);
    EXPECT_GT(e.code, 0) << e.output;
    EXPECT_SAYS(e.output, "rank 1");
    EXPECT_SAYS(e.output, "barrier");
  }
}

TEST(Hang, ARankThatDiesLeavesOrThrowsEndsTheJobAtOnce) {
  for (const char* action : {"kill", "exit", "throw"}) {
    const JobOnDisk disk;
    const TrainConfig c = disk.endless("out", 30);
    MpiJob job(disk.words(3, disk.write(c, "run.yaml")),
               {std::string("GENESIS_FAULT=rank=2 step=5 action=") + action});
    ASSERT_TRUE(job.wait_until([&] { return disk.steps_done(c) >= 3; })) << job.output();
    const JobEnd e = end_of(job, kPatience);
    EXPECT_GT(e.code, 0) << action << e.output;
    EXPECT_EQ(e.left, 0) << action;
    EXPECT_SAYS(e.output, "ank 2");
  }
}

TEST(Hang, AJobThatIsStoppedAsAWholeGoesOn) {
  const JobOnDisk disk;
  const TrainConfig c = disk.endless("out", kHang);
  MpiJob job(disk.words(2, disk.write(c, "run.yaml")));
  ASSERT_TRUE(job.wait_until([&] { return disk.steps_done(c) >= 3; })) << job.output();
  const auto ranks = job.ranks();
  for (const auto& [rank, process] : ranks) ::kill(process, SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(5));
  for (const auto& [rank, process] : ranks) ::kill(process, SIGCONT);
  const int64_t before = disk.steps_done(c);
  EXPECT_TRUE(job.wait_until([&] { return disk.steps_done(c) >= before + 3; })) << job.output();
  EXPECT_FALSE(job.ended()) << job.output();
}

}  // namespace
}  // namespace genesis::trainer
