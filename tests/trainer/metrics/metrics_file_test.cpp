#include "trainer/metrics/metrics_file.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/core/error.h"
#include "trainer/metrics/run_summary.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

class MetricsFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              fmt::format("metrics_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "metrics.jsonl";
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::vector<std::string> lines(const fs::path& path) {
    std::ifstream file(path);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }

  std::vector<int64_t> steps() const {
    std::vector<int64_t> all;
    for (const auto& line : lines(path_)) all.push_back(nlohmann::json::parse(line).at("step"));
    return all;
  }

  void write_steps(int64_t resumed, int64_t from, int64_t to) {
    MetricsFile file(path_, resumed);
    for (int64_t s = from; s <= to; ++s) file.append({.step = s, .loss = 1.0 / double(s)});
  }

  fs::path folder_, path_;
};

TEST_F(MetricsFileTest, ALineHasEveryFigure) {
  StepMetrics m{.step = 3,
                .epoch = 0.5,
                .loss = 2.25,
                .grad_norm = 1.5,
                .learning_rate = 1e-5,
                .tokens = 100,
                .supervised_tokens = 40,
                .seconds = 0.5,
                .data_wait_seconds = 0.25};
  m.memory.peak = {1, 2, 3, 4, 5};
  m.memory.peak_total = 14;
  m.memory.reserved = 20;
  m.eval_loss = 2.5;
  MetricsFile(path_, 0).append(m);
  const auto json = nlohmann::json::parse(lines(path_).at(0));
  const auto expected = nlohmann::json::parse(R"({"step": 3, "epoch": 0.5, "loss": 2.25, "grad_norm": 1.5,
      "learning_rate": 1e-5, "tokens": 100, "supervised_tokens": 40, "tokens_per_second": 200.0, "seconds": 0.5,
      "data_wait_seconds": 0.25,
      "memory": {"parameters": 1, "gradients": 2, "optimizer": 3, "activations": 4, "workspace": 5, "total": 14,
      "reserved": 20}, "eval_loss": 2.5})");
  EXPECT_EQ(json, expected);
}

TEST_F(MetricsFileTest, ANumberThatIsNoneIsNull) {
  const auto json =
      nlohmann::json::parse(to_json_line({.step = 1, .loss = std::nan(""), .grad_norm = INFINITY}));
  EXPECT_TRUE(json.at("loss").is_null());
  EXPECT_TRUE(json.at("grad_norm").is_null());
  EXPECT_FALSE(json.contains("eval_loss"));
}

TEST_F(MetricsFileTest, ResumingDropsTheStepsThatRunAgain) {
  write_steps(0, 1, 6);
  write_steps(4, 5, 7);
  EXPECT_EQ(steps(), (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(lines(path_)[4], to_json_line({.step = 5, .loss = 0.2}));
}

TEST_F(MetricsFileTest, ResumingDropsATornLineAndWhatIsNotMetrics) {
  write_steps(0, 1, 3);
  std::ofstream(path_, std::ios::app) << "rubbish\n{\"step\": \"x\"}\n[1]\n{\"step\": 3, \"lo";
  write_steps(3, 4, 4);
  EXPECT_EQ(steps(), (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST_F(MetricsFileTest, AFreshRunSetsTheOldFileAside) {
  write_steps(0, 1, 3);
  write_steps(0, 1, 1);
  EXPECT_EQ(steps(), (std::vector<int64_t>{1}));
  EXPECT_EQ(lines(folder_ / "metrics.previous.jsonl").size(), 3u);
}

TEST_F(MetricsFileTest, AFullDiskIsNamed) {
  ASSERT_TRUE(fs::exists("/dev/full"));
  fs::create_symlink("/dev/full", path_);
  MetricsFile file(path_, 0);
  try {
    file.append({.step = 1});
    FAIL() << "no error";
  } catch (const DiskError& e) {
    EXPECT_EQ(e.code(), ExitCode::disk);
    EXPECT_NE(std::string(e.what()).find(path_.string() + ": cannot be written: the disk is full ("),
              std::string::npos)
        << e.what();
  }
}

TEST_F(MetricsFileTest, AMissingFolderIsNamed) {
  EXPECT_THROW(MetricsFile(folder_ / "no" / "metrics.jsonl", 0), DiskError);
}

TEST_F(MetricsFileTest, TheSummaryIsJson) {
  RunSummary s{.steps = 10, .epochs = 1, .loss = 0.5, .tokens = 100, .seconds = 4, .device = "cpu"};
  write_summary(folder_ / "summary.json", s);
  std::ifstream file(folder_ / "summary.json");
  const auto json = nlohmann::json::parse(file);
  EXPECT_EQ(json.at("steps"), 10);
  EXPECT_EQ(json.at("loss"), 0.5);
  EXPECT_TRUE(json.at("eval_loss").is_null());
  EXPECT_EQ(json.at("tokens_per_second"), 25.0);
  EXPECT_EQ(json.at("memory").at("gradients"), 0);
}

}  // namespace
}  // namespace genesis::trainer
