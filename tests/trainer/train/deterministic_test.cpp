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

struct Layout {
  int ranks;
  int64_t micro_batch, accumulation, zero_stage;
};

TrainConfig ordered(const TinyRun& run, const Layout& l, Precision precision) {
  TrainConfig c =
      run.config(fmt::format("{}-{}-{}-{}", l.ranks, l.micro_batch, l.accumulation, l.zero_stage));
  c.deterministic = Deterministic::full;
  c.global_batch_size.reset();
  c.per_device_train_batch_size = l.micro_batch;
  c.gradient_accumulation_steps = l.accumulation;
  c.zero_stage = l.zero_stage;
  c.precision = precision;
  c.model.emb_dropout_prob = 0.1;
  c.ddp_bucket_cap_mb = 0.02;
  return c;
}

void expect_one_run(Precision precision) {
  const TinyRun run;
  const TrainConfig reference = ordered(run, {1, 8, 1, 0}, precision);
  const auto want = run.train(reference);
  ASSERT_EQ(want.size(), 20u);
  for (const Layout l : {Layout{1, 1, 8, 0}, {2, 2, 2, 0}, {4, 2, 1, 0}, {4, 1, 2, 1}, {2, 4, 1, 1}}) {
    const TrainConfig c = ordered(run, l, precision);
    const auto got = run.train(c, l.ranks);
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(got[i]["loss"], want[i]["loss"]) << c.output_dir << " step " << i;
      EXPECT_EQ(got[i]["grad_norm"], want[i]["grad_norm"]) << c.output_dir << " step " << i;
    }
    const auto weights = std::filesystem::path("checkpoint-20") / "model.safetensors";
    EXPECT_TRUE(bytes_of(reference.output_dir / weights) == bytes_of(c.output_dir / weights)) << c.output_dir;
  }
}

TEST(Deterministic, AnySplitGivesTheSameBytesInFp32) { expect_one_run(Precision::fp32); }
TEST(Deterministic, AnySplitGivesTheSameBytesInMixedPrecision) { expect_one_run(Precision::bf16_mixed); }

void expect_to_move_unchanged(Precision precision) {
  const TinyRun run;
  TrainConfig moving = ordered(run, {4, 2, 1, 1}, precision);
  moving.output_dir += "-moving";
  moving.lr_scheduler_type = LrSchedulerType::constant;
  TrainConfig straight = ordered(run, {1, 8, 1, 0}, precision);
  straight.lr_scheduler_type = LrSchedulerType::constant;
  const auto want = run.train(straight);
  std::vector<nlohmann::json> got;
  int64_t until = 0;
  for (const Layout l : {Layout{4, 2, 1, 1}, {1, 2, 4, 0}, {2, 4, 1, 0}, {2, 1, 4, 1}}) {
    moving.max_steps = until += 5;
    moving.per_device_train_batch_size = l.micro_batch;
    moving.gradient_accumulation_steps = l.accumulation;
    moving.zero_stage = l.zero_stage;
    got = run.train(moving, l.ranks);
  }
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got[i]["loss"], want[i]["loss"]) << "step " << i;
  const auto weights = std::filesystem::path("checkpoint-20") / "model.safetensors";
  EXPECT_FALSE(bytes_of(straight.output_dir / weights).empty());
  EXPECT_TRUE(bytes_of(straight.output_dir / weights) == bytes_of(moving.output_dir / weights));
}

TEST(Deterministic, ARunMovesBetweenNumbersOfRanksUnchanged) { expect_to_move_unchanged(Precision::fp32); }
TEST(Deterministic, ARunMovesBetweenStagesWithItsMasters) { expect_to_move_unchanged(Precision::bf16_mixed); }

TEST(Deterministic, RanksThatCannotBeHalvedAreRefused) {
  const TinyRun run;
  TrainConfig c = ordered(run, {3, 1, 3, 0}, Precision::fp32);
  try {
    run.train(c, 3);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("3 data-parallel ranks are no power of two"), std::string::npos)
        << e.what();
    EXPECT_EQ(int(e.code()), int(ExitCode::config));
  }
}

}  // namespace
}  // namespace genesis::trainer
