#include "trainer/evaluate/exact_match.h"

#include <gtest/gtest.h>

#include "tests/support/bigram_model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::trainer {
namespace {

class ExactMatchTest : public ::testing::Test {
 protected:
  ExactMatchTest() : model_(open_model({testing::write_bigram_model(folder_ / "m"), {}, {}, {}})) {}
  static std::string record(const std::string& answer, const std::string& extra = "") {
    return "{" + extra +
           R"("conversations": [{"from": "user", "value": "Q"}, {"from": "assistant", "value": ")" + answer +
           "\"}]}\n";
  }
  ExactMatch score(const std::string& text, const ExactMatchOptions& options = {}) {
    return exact_match(model_, folder_.write("d.jsonl", text), options);
  }
  testing::TempFolder folder_;
  LoadedModel model_;
};

TEST_F(ExactMatchTest, CountsEqualTexts) {
  const auto r = score(record("42") + record("43") + record(" 42\\n") + record("4") + record("422"));
  EXPECT_EQ(r.all.questions, 5);
  EXPECT_EQ(r.all.right, 2);
  EXPECT_DOUBLE_EQ(r.all.share(), 0.4);
  EXPECT_TRUE(r.tasks.empty());
  ASSERT_EQ(r.wrong.size(), 3u);
  EXPECT_TRUE(r.wrong[0].where.ends_with("d.jsonl:2"));
  EXPECT_EQ(r.wrong[0].question, "Q");
  EXPECT_EQ(r.wrong[0].expected, "43");
  EXPECT_EQ(r.wrong[0].answer, "42");
}

TEST_F(ExactMatchTest, ScoresEachTask) {
  const std::string add = R"("keys": ["x|1", "add|1,2"], )", clock = R"("task": "clock", )";
  const auto r = score(record("42", add) + record("1", add) + record("42", clock), {.keep_wrong = 0});
  ASSERT_EQ(r.tasks.size(), 2u);
  EXPECT_EQ(r.tasks.at("add").questions, 2);
  EXPECT_EQ(r.tasks.at("add").right, 1);
  EXPECT_EQ(r.tasks.at("clock").right, 1);
  EXPECT_TRUE(r.wrong.empty());
}

TEST_F(ExactMatchTest, AsksTheLastQuestionAfterTheOthers) {
  const auto r =
      score(R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "first"}, )"
            R"({"role": "assistant", "content": "wrong"}, {"role": "user", "content": "second"}, )"
            R"({"role": "assistant", "content": "43"}]})");
  EXPECT_EQ(r.all.questions, 1);
  ASSERT_EQ(r.wrong.size(), 1u);
  EXPECT_EQ(r.wrong[0].question, "second");
  EXPECT_EQ(r.wrong[0].expected, "43");
}

TEST_F(ExactMatchTest, TakesNoMoreThanTheLimit) {
  EXPECT_EQ(score(record("42") + record("43") + record("44"), {.limit = 2}).all.questions, 2);
}

TEST_F(ExactMatchTest, NamesTheRecordThatCannotBeAsked) {
  const std::string open =
      R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, )"
      R"({"role": "user", "content": "c"}]})";
  EXPECT_NE(testing::message_of<DataError>([&] { score(record("42") + "\n" + open); }).find("d.jsonl:3:1: "),
            std::string::npos);
  const std::string lengthy = R"({"prompt": ")" + std::string(300, '1') + R"(", "completion": "42"})";
  EXPECT_NE(testing::message_of<DataError>([&] { score(lengthy); }).find("d.jsonl:1: the prompt has"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
