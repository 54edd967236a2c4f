#include <gtest/gtest.h>

#include <map>

#include "tests/support/program_run.h"
#include "tests/support/tiny_run.h"
#include "trainer/config/print.h"

namespace genesis::trainer {
namespace {

using testing::run_genesis;
using testing::TinyRun;

std::vector<double> losses(const std::vector<nlohmann::json>& lines) {
  std::vector<double> all;
  for (const auto& line : lines) all.push_back(line["loss"]);
  return all;
}

class PreparedData : public ::testing::Test {
 protected:
  TrainConfig config(const std::string& output) {
    TrainConfig c = run_.config(output);
    c.max_steps = 4;
    return c;
  }
  ExitCode refusal(const TrainConfig& c) {
    try {
      run_.train(c);
    } catch (const Error& e) {
      return e.code();
    }
    return ExitCode::done;
  }
  std::string file(const TrainConfig& c) { return run_.folder().write("c.yaml", write_resolved(c)).string(); }
  TinyRun run_;
};

TEST_F(PreparedData, TrainsAsTheFilesDo) {
  for (const bool packing : {false, true}) {
    const std::string name = packing ? "packed" : "plain";
    TrainConfig c = config("files-" + name);
    c.packing = packing;
    const auto from_files = losses(run_.train(c));
    const auto out = (run_ / ("shards-" + name)).string();
    const auto made = run_genesis({"prepare", file(c), "--out", out});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_NE(made.out.find("40 samples of 40 records"), std::string::npos) << made.out;
    EXPECT_EQ(made.out.find("% full") != std::string::npos, packing);
    c.output_dir = (run_ / ("out-" + name)).string();
    c.dataset = {out};
    EXPECT_EQ(losses(run_.train(c)), from_files);
    EXPECT_FALSE(std::filesystem::exists(run_ / ("out-" + name) / "dataset_cache"));

    c.chat_template = ChatTemplateName::qwen15;
    c.output_dir = (run_ / ("other-" + name)).string();
    EXPECT_EQ(refusal(c), ExitCode::data);
  }
}

TEST_F(PreparedData, PreparingIntoTheCacheIsWhatARunLooksFor) {
  TrainConfig c = config("out");
  ASSERT_EQ(run_genesis({"prepare", file(c)}).code, 0);
  const auto cache = run_ / "out" / "dataset_cache";
  std::map<std::string, std::filesystem::file_time_type> before;
  for (const auto& entry : std::filesystem::directory_iterator(cache))
    before[entry.path().filename()] = std::filesystem::last_write_time(entry.path());
  run_.train(c, 2);
  size_t folders = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cache))
    if (entry.is_directory()) {
      ++folders;
      EXPECT_EQ(before.at(entry.path().filename()), std::filesystem::last_write_time(entry.path()));
    }
  EXPECT_EQ(folders, 1u);
}

TEST_F(PreparedData, PatternsWeightsAndGroupsReachTheRun) {
  TrainConfig c = config("globbed");
  run_.folder().write("more.jsonl", "{\"prompt\": \"Q\", \"completion\": \"A\"}\n");
  c.dataset = {(run_ / "tr*n.jsonl").string(), (run_ / "more.jsonl").string()};
  c.dataset_weights = {0.5, 3};
  c.num_train_epochs = 1;
  c.max_steps = -1;
  c.group_by_length = true;
  const auto lines = run_.train(c);
  EXPECT_NEAR(double(lines.back()["epoch"]), 24.0 / 23, 1e-9);  // 20 of 40, and 3 times 1, in steps of 8
  for (const auto& line : lines) EXPECT_GE(double(line["data_wait_seconds"]), 0.0);
  c.dataset = {(run_ / "no*.jsonl").string()};
  c.dataset_weights = {};
  EXPECT_EQ(refusal(c), ExitCode::config);
  c.dataset = {(run_ / "train.jsonl").string()};
  c.dataset_weights = {1, 2};
  EXPECT_EQ(refusal(c), ExitCode::config);
}

}  // namespace
}  // namespace genesis::trainer
