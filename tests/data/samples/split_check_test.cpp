#include "data/samples/split_check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "data/samples/generate.h"
#include "kernels/core/error.h"

namespace genesis::data::samples {
namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class SplitCheck : public ::testing::Test {
 protected:
  SplitCheck() {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("genesis_split_check_{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  ~SplitCheck() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::vector<Record>& records) {
    std::ofstream file(folder_ / name);
    for (const auto& record : records) file << to_json_line(record) << '\n';
    return folder_ / name;
  }

  SplitReport check(const std::vector<Record>& training, const std::vector<Record>& held_out) {
    return check_split(write("train.jsonl", training), write("heldout.jsonl", held_out));
  }

  std::filesystem::path folder_;
};

TEST_F(SplitCheck, TheGeneratedFilesShareNothing) {
  const auto report = check(training_records(kSeed, 3000), held_out_records(kSeed, 300));
  EXPECT_TRUE(report.leaks.empty()) << report.leaks.front();
  EXPECT_EQ(report.held_out_questions, 300);
  EXPECT_EQ(report.held_out_problems, 300);
  EXPECT_GT(report.training_questions, 3000);
  EXPECT_GT(report.training_problems, 2000);
}

TEST_F(SplitCheck, AnotherSeedOfTheTrainingFileLeaksNothingEither) {
  EXPECT_TRUE(check(training_records(kSeed + 1, 3000), held_out_records(kSeed, 300)).leaks.empty());
}

TEST_F(SplitCheck, FindsAPlantedConversation) {
  auto training = training_records(kSeed, 200);
  const auto held_out = held_out_records(kSeed, 50);
  training.push_back(held_out[30]);
  const auto report = check(training, held_out);
  ASSERT_FALSE(report.leaks.empty());
  EXPECT_PRED2(has, report.leaks.front(), "heldout.jsonl:31: ");
  EXPECT_PRED2(has, report.leaks.front(), "line 201");
}

TEST_F(SplitCheck, FindsTheSameProblemInOtherWords) {
  const std::vector<Record> training = {{"t", {{"What is 38 plus 47?", "85", "add|38,47"}}}};
  const std::vector<Record> held_out = {{"h", {{"Add 47 and 38.", "85", "add|38,47"}}}};
  const auto report = check(training, held_out);
  ASSERT_EQ(report.leaks.size(), 1u);
  EXPECT_PRED2(has, report.leaks.front(), "problem 'add|38,47'");
}

TEST_F(SplitCheck, FindsTheSameTextUnderAnotherKey) {
  const std::vector<Record> training = {
      {"t", {{"Hello", "Hi", "greet|"}, {"Add 47 and 38.", "85", "other|1"}}}};
  const std::vector<Record> held_out = {{"h", {{"Add 47 and 38.", "85", "add|38,47"}}}};
  const auto report = check(training, held_out);
  ASSERT_EQ(report.leaks.size(), 1u);
  EXPECT_PRED2(has, report.leaks.front(), "question 'Add 47 and 38.'");
}

TEST_F(SplitCheck, FindsALeakInAnEarlierTurnOfAHeldOutConversation) {
  const std::vector<Record> training = {{"t", {{"What is 1 + 2?", "3", "add|1,2"}}}};
  const std::vector<Record> held_out = {
      {"h", {{"Add 1 and 2.", "3", "add|1,2"}, {"Plus 4?", "7", "add|3,4"}}}};
  EXPECT_EQ(check(training, held_out).leaks.size(), 1u);
}

TEST_F(SplitCheck, FollowUpWordsAloneAreNoLeak) {
  const std::vector<Record> training = {
      {"t", {{"What is 1 + 2?", "3", "add|1,2"}, {"Plus 4?", "7", "add|3,4"}}}};
  const std::vector<Record> held_out = {
      {"h", {{"What is 5 + 2?", "7", "add|2,5"}, {"Plus 4?", "11", "add|4,7"}}}};
  EXPECT_TRUE(check(training, held_out).leaks.empty());
}

TEST_F(SplitCheck, ABadLineIsNamed) {
  const auto training = write("train.jsonl", {{"t", {{"a", "b", "k|1"}}}});
  const auto held_out = folder_ / "heldout.jsonl";
  const auto message = [&](std::string_view line) -> std::string {
    std::ofstream(held_out) << to_json_line({"h", {{"c", "d", "k|2"}}}) << '\n' << line << '\n';
    try {
      check_split(training, held_out);
    } catch (const DataError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_PRED2(has, message("{"), "heldout.jsonl:2: ");
  EXPECT_PRED2(has, message(R"({"keys": ["k|3"]})"), "conversations");
  EXPECT_PRED2(has, message(R"({"keys": [], "conversations": []})"), "0 questions have 0 keys");
  EXPECT_PRED2(has, message(R"({"keys": [""], "conversations": [{"from": "user", "value": "e"}]})"),
               "no key");
  EXPECT_THROW(check_split(folder_ / "absent.jsonl", held_out), DataError);
}

}  // namespace
}  // namespace genesis::data::samples
