#include "trainer/chat/chat_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "data/formats/conversation_reader.h"
#include "tests/support/bigram_model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "trainer/chat/interrupt.h"

namespace genesis::trainer {
namespace {

using Result = LineReader::Result;

class ChatLoopTest : public ::testing::Test {
 protected:
  ChatLoopTest()
      : model_(open_model({testing::write_bigram_model(folder_ / "m"), {}, {}, {}})), session_(model_, {}) {}

  /// What a chat with these lines prints.
  std::string chat(const std::vector<std::string>& lines, bool terminal = false, int interrupts = 0) {
    std::ostringstream out;
    size_t next = 0;
    const ChatIo io{.read =
                        [&](std::string& line) {
                          if (next == lines.size()) return Result::end;
                          line = lines[next++];
                          return line == "^C" ? Result::interrupted : Result::line;
                        },
                    .out = out,
                    .take_interrupt = [&] { return interrupts-- > 0; },
                    .is_terminal = terminal};
    run_chat(session_, io);
    return out.str();
  }
  testing::TempFolder folder_;
  LoadedModel model_;
  ChatSession session_;
};

TEST_F(ChatLoopTest, AnswersEachLineAndRemembers) {
  EXPECT_EQ(chat({"What?", "", "  ", "Again?"}), "42\n42\n");
  const auto& turns = session_.conversation().turns;
  ASSERT_EQ(turns.size(), 4u);
  EXPECT_EQ(turns[0], (data::Turn{data::Role::user, "What?"}));
  EXPECT_EQ(turns[3], (data::Turn{data::Role::assistant, "42"}));
}

TEST_F(ChatLoopTest, KeepsKeysAndValuesFromTurnToTurn) {
  session_.ask("What?");
  EXPECT_EQ(session_.reused_tokens(), 0);
  const auto first = int64_t(model_.chat.prompt({{}, {session_.conversation().turns[0]}}).ids.size());
  session_.ask("Again?");
  EXPECT_GE(session_.reused_tokens(),
            first);  // all of the first prompt, and the answer as far as it is encoded alike
}

TEST_F(ChatLoopTest, Commands) {
  EXPECT_EQ(chat({"a", "/reset"}), "42\n");
  EXPECT_TRUE(session_.conversation().turns.empty());
  chat({"a", "/system  Be brief."});
  EXPECT_EQ(session_.conversation(), (data::Conversation{"Be brief.", {}}));
  chat({"/system"});
  EXPECT_FALSE(session_.conversation().system);
  EXPECT_NE(chat({"/help"}).find("/save FILE"), std::string::npos);
  EXPECT_EQ(chat({"/exit", "a"}), "");
  EXPECT_EQ(chat({"//reset"}), "42\n");
  EXPECT_EQ(session_.conversation().turns[0].text, "/reset");
}

TEST_F(ChatLoopTest, SavesALineThatTheDatasetReads) {
  const std::string file = (folder_ / "talk.jsonl").string();
  chat({"/system S", "a", "/save " + file, "b", "/save " + file});
  data::ConversationReader reader(file);
  reader.next();
  const auto second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->conversation, session_.conversation());
  EXPECT_EQ(second->conversation.system, "S");
  EXPECT_EQ(second->conversation.turns.size(), 4u);
}

TEST_F(ChatLoopTest, ErrorsEndAPipeAndNotATerminal) {
  using testing::message_of;
  EXPECT_NE(message_of<DataError>([&] { chat({"/sav x"}); }).find("'/sav' is no command"), std::string::npos);
  EXPECT_NE(message_of<DataError>([&] { chat({"/save x"}); }).find("nothing to save"), std::string::npos);
  EXPECT_NE(message_of<DataError>([&] { chat({std::string(500, '1')}); }).find("the model's context is 128"),
            std::string::npos);
  EXPECT_NE(message_of<DiskError>([&] {
              chat({"a", "/save /dev/full"});
            }).find("/dev/full: cannot be written"),
            std::string::npos);
  session_.reset();
  const std::string shown = chat({"/sav x", std::string(500, '1'), "a"}, true);
  EXPECT_NE(shown.find("> '/sav' is no command"), std::string::npos) << shown;
  EXPECT_NE(shown.find("> 42\n"), std::string::npos) << shown;
  EXPECT_EQ(session_.conversation().turns.size(), 2u) << "a refused question leaves no trace";
}

TEST_F(ChatLoopTest, CtrlCEndsTheAnswerAndNotTheLoop) {
  EXPECT_EQ(chat({"a", "b"}, false, 1), "4\n42\n");
  EXPECT_EQ(session_.conversation().turns[1].text, "4");
  EXPECT_NE(chat({"^C", "a"}, true).find("(/exit leaves)\n> 42\n"), std::string::npos);
}

TEST(InterruptFlag, TakesTheSignalWhileItLives) {
  InterruptFlag flag;
  EXPECT_FALSE(flag.is_set());
  std::raise(SIGINT);
  EXPECT_TRUE(flag.is_set());
  flag.clear();
  EXPECT_FALSE(flag.is_set());
}

TEST(LineReader, ReadsLinesAndTheLastOneWithoutItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = "one\r\n\ntwo" + std::string(5000, 'x');
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), ssize_t(text.size()));
  ::close(ends[1]);
  LineReader reader(ends[0]);
  std::string line;
  EXPECT_EQ(reader.next(line), Result::line);
  EXPECT_EQ(line, "one");
  EXPECT_EQ(reader.next(line), Result::line);
  EXPECT_EQ(line, "");
  EXPECT_EQ(reader.next(line), Result::line);
  EXPECT_EQ(line.size(), 5003u);
  EXPECT_EQ(reader.next(line), Result::end);
  ::close(ends[0]);
}

}  // namespace
}  // namespace genesis::trainer
