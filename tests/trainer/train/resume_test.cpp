#include <gtest/gtest.h>

#include "tests/support/checkpoint_bytes.h"
#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using testing::expect_same_tensors;
using testing::TinyRun;
namespace fs = std::filesystem;

/// A run of 12 steps that saves every 4 and evaluates.
TrainConfig saving(const TinyRun& run, const std::string& output, Precision precision) {
  TrainConfig c = run.config(output);
  c.max_steps = 12;
  c.save_steps = 4;
  c.save_total_limit = 0;
  c.precision = precision;
  c.eval_dataset = {(run / "eval.jsonl").string()};
  return c;
}

TEST(Resume, ContinuesBitIdentically) {
  const TinyRun run;
  for (const Precision precision : {Precision::fp32, Precision::bf16_mixed, Precision::bf16_true})
    for (const int ranks : {1, 2}) {
      const std::string name = std::string(spelling_of(precision)) + std::to_string(ranks);
      const TrainConfig whole = saving(run, "whole-" + name, precision),
                        halted = saving(run, "halted-" + name, precision);
      const auto straight = run.train(whole, ranks);
      run.train(halted, ranks);
      fs::remove_all(fs::path(halted.output_dir) / "checkpoint-8");
      fs::remove_all(fs::path(halted.output_dir) / "checkpoint-12");
      const auto resumed = run.train(halted, ranks);  // from step 4
      ASSERT_EQ(straight.size(), resumed.size());
      for (size_t i = 0; i < straight.size(); ++i) {
        EXPECT_EQ(straight[i]["loss"], resumed[i]["loss"]) << name << " step " << i;
        EXPECT_EQ(straight[i]["grad_norm"], resumed[i]["grad_norm"]) << name << " step " << i;
      }
      expect_same_tensors(fs::path(whole.output_dir) / "checkpoint-12",
                          fs::path(halted.output_dir) / "checkpoint-12");
    }
}

TEST(Resume, ADamagedCheckpointIsNamedAndTheOneBeforeIsTaken) {
  const TinyRun run;
  TrainConfig c = saving(run, "damaged", Precision::fp32);
  run.train(c);
  const fs::path weights = fs::path(c.output_dir) / "checkpoint-12" / "model.safetensors";
  fs::resize_file(weights, fs::file_size(weights) - 10);
  c.max_steps = 13;
  ::testing::internal::CaptureStderr();
  const auto lines = run.train(c);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("checkpoint-12"), std::string::npos) << log;
  EXPECT_NE(log.find("resumed at step 8"), std::string::npos) << log;
  EXPECT_EQ(lines.back()["step"], 13);
}

TEST(Resume, OtherDataIsRefused) {
  const TinyRun run;
  TrainConfig c = saving(run, "other", Precision::fp32);
  run.train(c);
  c.max_steps = 20;
  c.dataset = {(run / "eval.jsonl").string()};
  c.eval_dataset.clear();
  EXPECT_THROW(run.train(c), Error);
  c.resume_from_checkpoint = "none";
  EXPECT_EQ(run.train(c).front()["step"], 1);
}

TEST(Resume, KeepsTheNewestCheckpoints) {
  const TinyRun run;
  TrainConfig c = saving(run, "limit", Precision::fp32);
  c.save_total_limit = 2;
  run.train(c);
  EXPECT_FALSE(fs::exists(fs::path(c.output_dir) / "checkpoint-4"));
  EXPECT_TRUE(fs::exists(fs::path(c.output_dir) / "checkpoint-8"));
  EXPECT_TRUE(fs::exists(fs::path(c.output_dir) / "summary.json"));
}

}  // namespace
}  // namespace genesis::trainer
