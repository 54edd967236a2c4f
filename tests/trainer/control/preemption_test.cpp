#include <gtest/gtest.h>

#include "tests/support/job_on_disk.h"

namespace genesis::trainer {
namespace {

using testing::JobOnDisk;
using testing::MpiJob;

void expect_same_trace(const std::vector<nlohmann::json>& a, const std::vector<nlohmann::json>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    for (const char* key : {"step", "loss", "grad_norm"}) EXPECT_EQ(a[i][key], b[i][key]) << i << " " << key;
}

TEST(Preemption, ASignalSavesAndTheRunGoesOnBitForBit) {
  const JobOnDisk disk;
  TrainConfig whole = disk.run().config("whole");
  whole.max_steps = 200;
  MpiJob undisturbed(disk.words(2, disk.write(whole, "whole.yaml")));
  EXPECT_EQ(undisturbed.wait(120), 0) << undisturbed.output();

  TrainConfig c = whole;
  c.output_dir = (disk.run() / "parts").string();
  const std::string file = disk.write(c, "parts.yaml");
  int stops = 0;
  for (int start = 0; start < 20; ++start) {
    MpiJob job(disk.words(2, file));
    const int64_t before = disk.steps_done(c);
    job.wait_until([&] { return disk.steps_done(c) > before + 10 || job.ended(); });
    EXPECT_TRUE(start > 0 || !job.ended()) << "200 steps were over before the signal came";
    job.signal(SIGUSR1);
    const int code = job.wait(120);
    if (code == 0) break;
    ASSERT_EQ(code, 75) << job.output();
    ++stops;
    EXPECT_NE(job.output().find("stopped after step"), std::string::npos) << job.output();
  }
  EXPECT_GE(stops, 1);
  expect_same_trace(testing::TinyRun::metrics(whole), testing::TinyRun::metrics(c));
}

TEST(Preemption, OneRankThatIsSignalledStopsAll) {
  const JobOnDisk disk;
  const TrainConfig c = disk.endless("out");
  MpiJob job(disk.words(3, disk.write(c, "run.yaml")));
  ASSERT_TRUE(job.wait_until([&] { return disk.steps_done(c) >= 2; })) << job.output();
  ::kill(job.ranks().at(2), SIGTERM);
  EXPECT_EQ(job.wait(120), 75) << job.output();
}

}  // namespace
}  // namespace genesis::trainer
