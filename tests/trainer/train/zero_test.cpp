#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using testing::TinyRun;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TrainConfig config_of(const TinyRun& run, const std::string& name, int64_t stage, Precision precision) {
  TrainConfig c = run.config(name);
  c.max_steps = 12;
  c.zero_stage = stage;
  c.precision = precision;
  c.ddp_bucket_cap_mb = 0.02;
  c.eval_dataset = {(run / "eval.jsonl").string()};
  c.eval_steps = 5;
  return c;
}

/// Losses and weights as stage 0 makes them, bit for bit; the norm to the order of its sum.
void expect_the_run_of_whole_state(Precision precision, int ranks) {
  const TinyRun run;
  const TrainConfig whole = config_of(run, "whole", 0, precision),
                    sharded = config_of(run, "sharded", 1, precision);
  const auto a = run.train(whole, ranks), b = run.train(sharded, ranks);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i]["loss"], b[i]["loss"]) << "step " << i;
    EXPECT_NEAR(double(a[i]["grad_norm"]), double(b[i]["grad_norm"]), 1e-12 * double(a[i]["grad_norm"]));
  }
  const auto weights = std::filesystem::path("checkpoint-12") / "model.safetensors";
  EXPECT_FALSE(bytes_of(whole.output_dir / weights).empty());
  EXPECT_TRUE(bytes_of(whole.output_dir / weights) == bytes_of(sharded.output_dir / weights));
}

TEST(Zero, ShardedStateTrainsTheSameModelInFp32) { expect_the_run_of_whole_state(Precision::fp32, 2); }
TEST(Zero, ShardedStateTrainsTheSameModelInMixedPrecision) {
  expect_the_run_of_whole_state(Precision::bf16_mixed, 4);
}
TEST(Zero, StochasticRoundingDoesNotSeeTheShards) { expect_the_run_of_whole_state(Precision::bf16_true, 4); }

TEST(Zero, ResumesAtAnotherNumberOfRanksAndStage) {
  const TinyRun run;
  TrainConfig c = config_of(run, "moving", 1, Precision::fp32);
  std::vector<nlohmann::json> lines;
  int64_t until = 0;
  for (const auto& [ranks, stage] : {std::pair{4, 1}, {2, 1}, {1, 0}, {2, 0}}) {
    c.max_steps = until += 3;
    c.lr_scheduler_type = LrSchedulerType::constant;
    c.zero_stage = stage;
    lines = run.train(c, ranks);
  }
  TrainConfig constant = config_of(run, "constant", 0, Precision::fp32);
  constant.lr_scheduler_type = LrSchedulerType::constant;
  const auto reference = run.train(constant, 1);
  ASSERT_EQ(lines.size(), reference.size());
  for (size_t i = 0; i < lines.size(); ++i)
    EXPECT_NEAR(double(lines[i]["loss"]) / double(reference[i]["loss"]), 1.0, 1e-6) << "step " << i;
}

TEST(Zero, NarrowGradientsStayCloseToTheRun) {
  const TinyRun run;
  TrainConfig c = config_of(run, "narrow", 1, Precision::fp32);
  c.gradient_reduce_dtype = GradientDType::bf16;
  const auto exact = run.train(config_of(run, "exact", 0, Precision::fp32), 2), narrow = run.train(c, 2);
  for (size_t i = 0; i < exact.size(); ++i)
    EXPECT_NEAR(double(narrow[i]["loss"]) / double(exact[i]["loss"]), 1.0, 5e-3) << "step " << i;
  EXPECT_NE(exact.back()["loss"], narrow.back()["loss"]);
}

}  // namespace
}  // namespace genesis::trainer
