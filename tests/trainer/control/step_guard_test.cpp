#include "trainer/control/step_guard.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "kernels/core/error.h"
#include "tests/support/fault_scope.h"
#include "tests/support/tiny_run.h"
#include "trainer/control/fault_injection.h"
#include "trainer/control/replica_check.h"

namespace genesis::trainer {
namespace {

using testing::FaultScope;
using testing::TinyRun;
using Decision = StepGuard::Decision;

std::string bad() { return "the gradient of lm_head.weight is not finite"; }

TEST(StepGuard, StopNamesStepAndTensor) {
  StepGuard guard({});
  EXPECT_EQ(guard.judge(1, 2.0, false, bad), Decision::update);
  try {
    guard.judge(2, NAN, true, bad);
    FAIL();
  } catch (const NumericsError& e) {
    EXPECT_NE(std::string(e.what()).find("step 2: "), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("lm_head.weight"), std::string::npos) << e.what();
  }
}

TEST(StepGuard, SkipIsCappedInARow) {
  StepGuard guard({.on_nonfinite = OnNonfinite::skip, .max_skipped = 3});
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(guard.judge(i, NAN, true, bad), Decision::skip);
    EXPECT_EQ(guard.judge(3, 1.0, false, bad), Decision::update);
  }
  for (int i = 0; i < 3; ++i) guard.judge(i, NAN, true, bad);
  EXPECT_THROW(guard.judge(4, NAN, true, bad), NumericsError);
}

TEST(StepGuard, ASpikeIsMeasuredAgainstTheMedian) {
  for (auto [policy, decision] :
       {std::pair{OnLossSpike::warn, Decision::update}, std::pair{OnLossSpike::skip, Decision::skip},
        std::pair{OnLossSpike::rewind, Decision::rewind}}) {
    StepGuard guard({.on_spike = policy, .spike_factor = 10});
    EXPECT_EQ(guard.judge(0, 1000, false, bad), Decision::update) << "nothing is known yet";
    for (int i = 1; i < 20; ++i) EXPECT_EQ(guard.judge(i, 2.0 + i % 3, false, bad), Decision::update);
    EXPECT_EQ(guard.judge(20, 29.9, false, bad), Decision::update);
    EXPECT_EQ(guard.judge(21, 30.1, false, bad), decision);
  }
  StepGuard off({.on_spike = OnLossSpike::skip, .spike_factor = 0});
  for (int i = 0; i < 20; ++i) off.judge(i, 1, false, bad);
  EXPECT_EQ(off.judge(20, 1e9, false, bad), Decision::update);
}

TEST(StepGuard, RewindsInARowAreCapped) {
  StepGuard guard({.on_spike = OnLossSpike::rewind});
  for (int i = 0; i < 10; ++i) guard.judge(i, 1, false, bad);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guard.judge(11, 100, false, bad), Decision::rewind);
  EXPECT_THROW(guard.judge(11, 100, false, bad), NumericsError);
}

std::vector<double> losses(const std::vector<nlohmann::json>& metrics) {
  std::vector<double> all;
  for (const auto& m : metrics) all.push_back(m["loss"].is_number() ? m["loss"].get<double>() : NAN);
  return all;
}

TEST(Nonfinite, AllRanksSkipAndNoParameterChanges) {
  const TinyRun run;
  TrainConfig c = run.config("skip");
  c.on_nonfinite = OnNonfinite::skip;
  c.max_steps = 5;
  c.learning_rate = 1e-2;
  c.warmup_steps = 0;
  c.lr_scheduler_type = LrSchedulerType::constant;
  std::vector<nlohmann::json> metrics;
  {
    const FaultScope fault("rank=1 step=5 action=nan");
    metrics = run.train(c, 2);
  }
  ASSERT_EQ(metrics.size(), 5u);
  // The skipped last step left what a run of 4 steps has.
  TrainConfig four = c;
  four.output_dir = (run / "four").string();
  four.max_steps = 4;
  run.train(four, 2);
  const auto weights = [](const TrainConfig& config, int step) {
    std::ifstream in(std::filesystem::path(config.output_dir) / ("checkpoint-" + std::to_string(step)) /
                         "model.safetensors",
                     std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  };
  ASSERT_FALSE(weights(four, 4).empty());
  EXPECT_EQ(weights(c, 5), weights(four, 4));
}

TEST(Nonfinite, StopNamesTheFirstBadTensor) {
  const TinyRun run;
  const FaultScope fault("rank=1 step=3 action=nan");
  try {
    run.train(run.config("stop"), 2);
    FAIL();
  } catch (const NumericsError& e) {
    FAIL() << "the error of a group names its rank: " << e.what();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::numerics);
    EXPECT_NE(std::string(e.what()).find("step 3: "), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("the gradient of embed.weight"), std::string::npos) << e.what();
  }
}

TEST(LossSpike, SkipLeavesTheUpdateOutAndWarnDoesNot) {
  const TinyRun run;
  std::map<OnLossSpike, std::vector<double>> traces;
  for (OnLossSpike policy : {OnLossSpike::warn, OnLossSpike::skip}) {
    TrainConfig c = run.config(policy == OnLossSpike::warn ? "warn" : "skip");
    c.on_loss_spike = policy;
    c.max_steps = 14;
    const FaultScope fault("rank=0 step=12 action=spike");
    traces[policy] = losses(run.train(c, 2));
  }
  const auto &warned = traces[OnLossSpike::warn], &skipped = traces[OnLossSpike::skip];
  ASSERT_EQ(warned.size(), 14u);
  ASSERT_EQ(skipped.size(), 14u);
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(warned[i], skipped[i]);
  EXPECT_GT(warned[11], 10 * warned[10]);
  EXPECT_NE(warned[12], skipped[12]);
}

TEST(LossSpike, RewindGoesBackBitForBitAndSkipsTheData) {
  const TinyRun run;
  TrainConfig c = run.config("rewind");
  c.on_loss_spike = OnLossSpike::rewind;
  c.save_steps = 5;
  c.save_total_limit = 0;
  c.max_steps = 14;
  std::vector<nlohmann::json> metrics;
  {
    const FaultScope fault("rank=0 step=12 action=spike");
    metrics = run.train(c, 2);
  }
  // Steps 1 to 12, back to the checkpoint of step 10, then 11 to 14 with the data after the spike's.
  std::map<int64_t, nlohmann::json> last;
  for (const auto& m : metrics) last[m["step"].get<int64_t>()] = m;
  ASSERT_EQ(last.size(), 14u);
  EXPECT_DOUBLE_EQ(last[11]["epoch"].get<double>(), 13.0 * 8 / 40);
  EXPECT_DOUBLE_EQ(last[14]["epoch"].get<double>(), 16.0 * 8 / 40);
}

TEST(ReplicaCheck, NamesTheRankWhoseBitFlipped) {
  const TinyRun run;
  TrainConfig c = run.config("flip");
  c.replica_check_steps = 2;
  c.global_batch_size = 9;
  c.max_steps = 8;
  const FaultScope fault("rank=2 step=3 action=flip");
  try {
    run.train(c, 3);
    FAIL() << "a flipped bit was not noticed";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::numerics);
    EXPECT_NE(std::string(e.what()).find("step 4: replica check: rank 2 differs from the other 2"),
              std::string::npos)
        << e.what();
  }
}

TEST(ReplicaCheck, TheMajorityDecidesAndATieBlamesNobodyAlone) {
  EXPECT_TRUE(odd_ranks(std::vector<uint64_t>{5, 5, 5}).empty());
  EXPECT_EQ(odd_ranks(std::vector<uint64_t>{6, 5, 5}), std::vector<int>{0});
  EXPECT_EQ(odd_ranks(std::vector<uint64_t>{5, 5, 6, 7}), (std::vector<int>{2, 3}));
  EXPECT_EQ(odd_ranks(std::vector<uint64_t>{5, 6}), std::vector<int>{1});
}

TEST(Fault, WhatCannotBeReadIsRefused) {
  for (const char* text : {"rank=1 step=3 action=frob", "rank=1 step", "action"}) {
    const FaultScope fault(text);
    EXPECT_THROW(Fault::from_environment(), ConfigError) << text;
  }
  EXPECT_FALSE(Fault::from_environment());
}

}  // namespace
}  // namespace genesis::trainer
