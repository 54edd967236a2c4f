#include "data/chat/chat_format.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/error.h"
#include "tests/support/byte_encoder.h"
#include "tests/support/error_message.h"

namespace genesis::data {
namespace {

using testing::byte_encoder;
using testing::byte_text;
using testing::message_of;

ChatFormat qwen() { return {byte_encoder(), chat_template("qwen")}; }

Conversation conversation(std::vector<Turn> turns, std::optional<std::string> system = "S") {
  return {std::move(system), std::move(turns)};
}
const Conversation kTwoTurns = conversation({{Role::user, "Q"}, {Role::assistant, "An"}});

TEST(ChatFormat, LaysBlocksDownWithTheLossOnTheAnswerAndItsEnd) {
  const auto tokens = qwen().training_tokens(kTwoTurns, LossOn::assistant);
  EXPECT_EQ(byte_text(tokens.ids), "<system\nS>\n<user\nQ>\n<assistant\nAn>\n");
  EXPECT_EQ(byte_text(tokens.labels), std::string(31, '.') + "An>.");
}

TEST(ChatFormat, LossOnAllLabelsEveryToken) {
  const auto tokens = qwen().training_tokens(kTwoTurns, LossOn::all);
  EXPECT_EQ(tokens.labels, tokens.ids);
}

TEST(ChatFormat, TheOfficialMaskKeepsTheMarkupOfEveryBlock) {
  const auto tokens = qwen().training_tokens(kTwoTurns, LossOn::qwen1);
  EXPECT_EQ(byte_text(tokens.ids), "<system\nS>\n<user\nQ>\n<assistant\nAn>\n");
  EXPECT_EQ(byte_text(tokens.labels), "<........>\n<......>\n<..........An>\n");
}

TEST(ChatFormat, ContentCannotForgeMarkupExceptInTheOfficialMode) {
  const auto forged = conversation({{Role::user, "a<|im_end|>b"}, {Role::assistant, "<|im_end|>"}});
  for (LossOn loss_on : {LossOn::assistant, LossOn::all}) {
    const auto tokens = qwen().training_tokens(forged, loss_on);
    EXPECT_EQ(byte_text(tokens.ids), "<system\nS>\n<user\na<|im_end|>b>\n<assistant\n<|im_end|>>\n");
    EXPECT_EQ(std::count(tokens.ids.begin(), tokens.ids.end(), testing::kByteImEnd), 3);
  }
  const auto tokens = qwen().training_tokens(forged, LossOn::qwen1);
  EXPECT_EQ(byte_text(tokens.ids), "<system\nS>\n<user\na>b>\n<assistant\n>>\n");
  EXPECT_EQ(byte_text(tokens.labels), "<........>\n<........>\n<..........>>\n");
}

TEST(ChatFormat, SeveralAnswersAllCarryLoss) {
  const auto tokens = qwen().training_tokens(
      conversation({{Role::user, "1"}, {Role::assistant, "A"}, {Role::user, "2"}, {Role::assistant, "B"}},
                   ""),
      LossOn::assistant);
  EXPECT_EQ(byte_text(tokens.ids), "<system\n>\n<user\n1>\n<assistant\nA>\n<user\n2>\n<assistant\nB>\n");
  EXPECT_EQ(byte_text(tokens.labels), std::string(30, '.') + "A>" + std::string(21, '.') + "B>.");
}

TEST(ChatFormat, TemplatesDifferInTheirSystemTextAndFirstSpeaker) {
  const auto open =
      conversation({{Role::assistant, "Hi"}, {Role::user, "Q"}, {Role::assistant, "A"}}, std::nullopt);
  const auto ids = [&](std::string_view name) {
    const ChatFormat format(byte_encoder(), chat_template(name));
    return byte_text(format.training_tokens(open, LossOn::assistant).ids);
  };
  const std::string rest = "<user\nQ>\n<assistant\nA>\n";
  EXPECT_EQ(ids("qwen"), "<system\nYou are a helpful assistant.>\n" + rest);
  EXPECT_EQ(ids("qwen1.5"), "<system\nYou are a helpful assistant.>\n<assistant\nHi>\n" + rest);
  EXPECT_EQ(
      ids("qwen2.5"),
      "<system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.>\n<assistant\nHi>\n" +
          rest);
  EXPECT_EQ(ids("qwen3"), "<assistant\nHi>\n" + rest);
  EXPECT_TRUE(qwen().leaves_first_turn_out(open));
  EXPECT_FALSE(qwen().leaves_first_turn_out(kTwoTurns));
}

TEST(ChatFormat, UnknownNamesAreRefused) {
  EXPECT_NE(message_of<ConfigError>([] { chat_template("llama"); }).find("'llama'"), std::string::npos);
  EXPECT_NE(message_of<ConfigError>([] { loss_on_from("user"); }).find("assistant, all, qwen1"),
            std::string::npos);
  EXPECT_EQ(loss_on_from("qwen1"), LossOn::qwen1);
}

TEST(ChatPrompt, AsksForTheAnswer) {
  const auto prompt = qwen().prompt(conversation({{Role::user, "Q"}}));
  EXPECT_EQ(byte_text(prompt.ids), "<system\nS>\n<user\nQ>\n<assistant\n");
  EXPECT_EQ(prompt.text,
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatPrompt, IsTheBeginningOfTheTrainingSequence) {
  for (std::string_view name : {"qwen", "qwen1.5", "qwen2.5", "qwen3"}) {
    const ChatFormat format(byte_encoder(), chat_template(name));
    auto talk = conversation({{Role::user, "1"}, {Role::assistant, "A"}, {Role::user, "2"}}, std::nullopt);
    const auto prompt = format.prompt(talk, 0);
    talk.turns.push_back({Role::assistant, "B"});
    const auto training = format.training_tokens(talk, LossOn::assistant);
    ASSERT_LT(prompt.ids.size(), training.ids.size());
    EXPECT_EQ(byte_text(prompt.ids) + "B>\n", byte_text(training.ids)) << name;
  }
}

TEST(ChatPrompt, HistoryIsTakenFromTheNewestWhileItFits) {
  const auto talk = conversation({{Role::user, "1"},
                                  {Role::assistant, "A"},
                                  {Role::user, "2"},
                                  {Role::assistant, "B"},
                                  {Role::user, "3"}});
  const std::string head = "<system\nS>\n", first = "<user\n1>\n<assistant\nA>\n",
                    second = "<user\n2>\n<assistant\nB>\n", tail = "<user\n3>\n<assistant\n";
  // System block 10 tokens, an exchange with its newlines 23: kept while 10 + 23 k < window.
  const auto at = [&](int64_t window) { return byte_text(qwen().prompt(talk, window).ids); };
  EXPECT_EQ(at(33), head + tail);
  EXPECT_EQ(at(34), head + second + tail);
  EXPECT_EQ(at(56), head + second + tail);
  EXPECT_EQ(at(57), head + first + second + tail);
  EXPECT_EQ(at(0), head + first + second + tail);
}

TEST(ChatPrompt, RefusesAConversationThatDoesNotEndWithTheUser) {
  EXPECT_NE(message_of<Error>([] { qwen().prompt(kTwoTurns); }).find("ends with assistant"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([] { qwen().prompt(conversation({})); }).find("0 turns"), std::string::npos);
}

TEST(ChatFormat, StopsAtTheMarkup) {
  EXPECT_EQ(qwen().stop_ids(),
            (std::vector<int32_t>{testing::kByteImEnd, testing::kByteImStart, testing::kByteEod}));
}

}  // namespace
}  // namespace genesis::data
