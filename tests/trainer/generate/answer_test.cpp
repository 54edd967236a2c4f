#include "trainer/generate/answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/bigram_model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "trainer/generate/answer_lines.h"
#include "trainer/generate/prompt.h"

namespace genesis::trainer {
namespace {

using testing::message_of;

class AnswerTest : public ::testing::Test {
 protected:
  AnswerTest() : model_(open_model({testing::write_bigram_model(folder_ / "m"), {}, {}, {}})) {
    settings_.max_new_tokens = 10;
  }
  std::vector<Answer> ask_raw(const std::vector<std::string>& texts, const PieceCallback& listen = {}) {
    std::vector<Prompt> prompts;
    for (const auto& text : texts) prompts.push_back(raw_prompt(model_, text, settings_.max_new_tokens, "p"));
    return answer(model_, prompts, with_stop_ids(model_, settings_, false), listen);
  }
  std::string lines(const std::string& input, bool raw = false) {
    std::istringstream in(input);
    std::ostringstream out;
    answer_lines(model_, settings_, raw, in, out, "in");
    return out.str();
  }
  testing::TempFolder folder_;
  LoadedModel model_;
  models::GenerationConfig settings_;
};

TEST_F(AnswerTest, StopsAtAStopTokenOrTheLength) {
  std::string pieces;
  const auto answers = ask_raw({"\n", "z", "x"}, [&](size_t i, std::string_view piece) {
    if (i == 0) pieces += piece;
    return true;
  });
  EXPECT_EQ(answers[0].text, "42");
  EXPECT_EQ(pieces, "42");
  EXPECT_EQ(answers[0].finish, FinishReason::stop);
  EXPECT_EQ(answers[0].ids.back(), model_.tokenizer.im_end_id());
  EXPECT_EQ(answers[1].text, "zzzzzzzzzz");
  EXPECT_EQ(answers[1].finish, FinishReason::length);
  EXPECT_EQ(answers[2].text, "");
  EXPECT_EQ(answers[2].ids.size(), 1u);
}

TEST_F(AnswerTest, EndsWhereTheListenerSays) {
  const auto answers = ask_raw({"z", "\n"}, [](size_t i, std::string_view) { return i != 0; });
  EXPECT_EQ(answers[0].text, "z");
  EXPECT_EQ(answers[0].finish, FinishReason::interrupted);
  EXPECT_EQ(answers[1].text, "42");
}

TEST_F(AnswerTest, EndsWithTheContext) {
  settings_.max_new_tokens = 1000;
  const auto answers = ask_raw({"zz", "z"});
  EXPECT_EQ(answers[0].ids.size(), 126u);
  EXPECT_EQ(answers[0].finish, FinishReason::length);
  EXPECT_EQ(answers[1].ids.size(), 127u);
}

TEST_F(AnswerTest, ManyPromptsAreAnsweredInTheirOrder) {
  std::vector<std::string> texts;
  for (int i = 0; i < 150; ++i) texts.push_back(i % 3 == 0 ? "\n" : i % 3 == 1 ? "z" : "x");
  const auto answers = ask_raw(texts);
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(answers[i].text, i % 3 == 0 ? "42" : i % 3 == 1 ? "zzzzzzzzzz" : "") << i;
}

TEST_F(AnswerTest, SeveralAnswersToEachPromptStandInOneLine) {
  settings_.do_sample = true;
  settings_.temperature = 1e-3;  // the table's next token all the same
  settings_.num_return_sequences = 2;
  const std::string out = lines("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
  const auto line = nlohmann::json::parse(out.substr(0, out.find('\n')));
  ASSERT_EQ(line["answers"].size(), 2u);
  for (const auto& a : line["answers"]) {
    EXPECT_EQ(a["text"], "42");
    EXPECT_EQ(a["finish_reason"], "stop");
  }
}

TEST_F(AnswerTest, TheFolderSaysHowMuchHistoryIsSeen) {
  data::Conversation c;
  for (int i = 0; i < 6; ++i) c.turns.push_back({i % 2 == 0 ? data::Role::user : data::Role::assistant, "z"});
  c.turns.push_back({data::Role::user, "x"});
  const auto tokens = [&] { return chat_prompt(model_, c, 4, "p").ids.size(); };
  const size_t whole = tokens();
  model_.generation.max_window_size = 1;
  const size_t question_alone = tokens();
  EXPECT_LT(question_alone, whole);
  model_.generation.max_window_size = int64_t(whole);
  EXPECT_EQ(tokens(), whole);
}

TEST_F(AnswerTest, APromptThatFillsTheContextIsRefusedByName) {
  const std::string message = message_of<DataError>(
      [&] { lines("{\"prompt\": \"a\"}\n{\"prompt\": \"" + std::string(400, '1') + "\"}\n"); });
  EXPECT_TRUE(message.starts_with("in:2: the prompt has 4")) << message;
  EXPECT_NE(message.find("the model's context is 128"), std::string::npos) << message;
}

TEST_F(AnswerTest, OldExchangesMakeRoom) {
  data::Conversation talk;
  for (int i = 0; i < 20; ++i) {
    talk.turns.push_back({data::Role::user, "1234567890"});
    talk.turns.push_back({data::Role::assistant, "42"});
  }
  talk.turns.push_back({data::Role::user, "1"});
  const Prompt p = chat_prompt(model_, talk, 30, "p");
  EXPECT_LE(p.ids.size(), 128u - 30u);
  EXPECT_GT(p.ids.size(), 60u) << "the newest exchanges stay";
  talk.turns.back().text = std::string(60, '1');
  EXPECT_LT(chat_prompt(model_, talk, 30, "p").ids.size(), 128u);
}

TEST_F(AnswerTest, LinesOfJson) {
  const std::string ids = fmt::format("[{},{},{}]", model_.tokenizer.encode("4")[0],
                                      model_.tokenizer.encode("2")[0], model_.tokenizer.im_end_id());
  const std::string answer = R"({"text":"42","ids":)" + ids + R"(,"finish_reason":"stop"})" + "\n";
  EXPECT_EQ(lines("{\"prompt\": \"a\"}\n\n{\"messages\": [{\"role\": \"user\", \"content\": \"b\"}]}"),
            answer + answer);
  EXPECT_NE(lines(R"({"prompt": "z"})", true).find(R"("finish_reason":"length")"), std::string::npos);
}

TEST_F(AnswerTest, ABadLineIsNamedAfterTheAnswersBeforeIt) {
  std::istringstream in("{\"prompt\": \"a\"}\n{\"prompt\" \"b\"}\n");
  std::ostringstream out;
  const std::string message =
      message_of<DataError>([&] { answer_lines(model_, settings_, false, in, out, "in"); });
  EXPECT_TRUE(message.starts_with("in:2: ")) << message;
  EXPECT_NE(out.str().find("\"42\""), std::string::npos);
  EXPECT_TRUE(message_of<DataError>([&] {
                lines(R"({"messages": [{"role": "user", "content": "b"}]})", true);
              }).starts_with("in:1: with --raw"));
  EXPECT_TRUE(
      message_of<DataError>([&] { lines(R"({"prompt": ""})", true); }).starts_with("in:1: the prompt is"));
}

TEST(BatchThatFits, FollowsTheRoomForKeysAndValues) {
  models::QwenConfig large{.vocab_size = 151936, .n_layer = 32, .n_head = 32, .n_embd = 4096};
  EXPECT_EQ(batch_that_fits(large, DType::f32, 1024), 4);  // 1 MiB a token
  EXPECT_EQ(batch_that_fits(large, DType::bf16, 1024), 8);
  EXPECT_EQ(batch_that_fits(large, DType::f32, 1 << 20), 1);
  EXPECT_EQ(batch_that_fits({.vocab_size = 100, .n_layer = 1, .n_head = 2, .n_embd = 32}, DType::f32, 100),
            64);
}

}  // namespace
}  // namespace genesis::trainer
