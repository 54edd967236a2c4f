#include "trainer/generate/request.h"

#include <gtest/gtest.h>

#include "tests/support/error_message.h"

namespace genesis::trainer {
namespace {

using data::Role;

std::string error_of(const std::string& line) {
  return testing::message_of<DataError>([&] { parse_request(line, "in:3"); });
}

TEST(Request, ReadsPromptsAndConversations) {
  EXPECT_EQ(parse_request(R"({"prompt": "Hi", "id": 7})", "in:1").prompt, "Hi");
  const Request r = parse_request(
      R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"},
          {"role": "assistant", "content": "A"}, {"role": "user", "content": "R"}]})",
      "in:1");
  EXPECT_FALSE(r.prompt);
  EXPECT_EQ(r.messages,
            (data::Conversation{"S", {{Role::user, "Q"}, {Role::assistant, "A"}, {Role::user, "R"}}}));
}

TEST(Request, NamesLineAndKeyOfWhatIsWrong) {
  EXPECT_TRUE(error_of(R"({"prompt": "Hi)").starts_with("in:3: "));
  EXPECT_NE(error_of("7").find("in:3: a line is an object"), std::string::npos);
  EXPECT_NE(error_of("{}").find("one of the keys 'prompt' and 'messages'"), std::string::npos);
  EXPECT_NE(error_of(R"({"prompt": "a", "messages": []})").find("one of the keys"), std::string::npos);
  EXPECT_NE(error_of(R"({"prompt": 5})").find("key 'prompt' is not a text"), std::string::npos);
  EXPECT_NE(error_of(R"({"messages": []})").find("key 'messages' is not a list"), std::string::npos);
  EXPECT_NE(
      error_of(R"({"messages": [{"role": "user"}]})").find("in:3: messages[0]: key 'content' is missing"),
      std::string::npos);
  EXPECT_NE(error_of(R"({"messages": [{"role": "tool", "content": ""}]})").find("role 'tool' where 'user'"),
            std::string::npos);
  EXPECT_NE(
      error_of(R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})")
          .find("the last message is not the user's"),
      std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
