#include "data/formats/conversation_reader.h"

#include <gtest/gtest.h>

#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

using testing::message_of;

class ConversationReaderTest : public ::testing::Test {
 protected:
  std::vector<ConversationRecord> read(std::string_view text,
                                       std::optional<RecordFormat> format = std::nullopt) {
    ConversationReader reader(folder_.write("d.json", text), format);
    std::vector<ConversationRecord> all;
    while (auto record = reader.next()) all.push_back(std::move(*record));
    EXPECT_FALSE(reader.next());
    return all;
  }
  /// The error without the folder in front: "d.json:line:column: reason".
  std::string error(std::string_view text, std::optional<RecordFormat> format = std::nullopt) {
    const std::string message = message_of<DataError>([&] { read(text, format); });
    return message.substr(std::min(message.size(), folder_.path().string().size() + 1));
  }
  testing::TempFolder folder_;
};

const Conversation kQA{std::nullopt, {{Role::user, "Q"}, {Role::assistant, "A"}}};

TEST_F(ConversationReaderTest, ReadsEveryFormatAsListAndAsLines) {
  const std::string records[] = {
      R"({"id": 7, "conversations": [{"from": "user", "value": "Q"}, {"from": "assistant", "value": "A"}]})",
      R"({"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}], "x": [1, -2.5e3, {}]})",
      R"({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A", "n": null}]})",
      R"({"instruction": "Q", "input": "", "output": "A"})",
      R"({"instruction": "Q", "output": "A", "history": null, "system": null})",
      R"({"prompt": "Q", "completion": "A"})"};
  for (const auto& record : records)
    for (const auto& file : {"[" + record + "]", "\xEF\xBB\xBF[\n " + record + " ,\r\n" + record + "\n]\n",
                             record, record + "\n\n" + record + "  \r\n", "\n" + record + "\n"})
      for (const auto& got : read(file)) EXPECT_EQ(got.conversation, kQA) << file;
  EXPECT_EQ(read("[" + records[0] + "," + records[1] + "]").size(), 2u);
  EXPECT_EQ(read(records[2] + "\n" + records[2]).size(), 2u);
}

TEST_F(ConversationReaderTest, ReadsTheTaskOfARecord) {
  const std::string turns = R"("messages": [{"role": "user", "content": "Q"}, )"
                            R"({"role": "assistant", "content": "A"}]})";
  const auto task = [&](const std::string& key) { return read("{" + key + turns)[0].task; };
  EXPECT_EQ(task(R"("task": "sum", "keys": ["x|1"], )"), "sum");
  EXPECT_EQ(task(R"("keys": ["add|1,2", "reverse|AB|C"], )"), "reverse");
  EXPECT_EQ(task(R"("keys": ["plain"], )"), "plain");
  for (const char* none : {"", R"("task": 7, )", R"("keys": [], )", R"("keys": "a|b", )", R"("keys": [3], )"})
    EXPECT_EQ(task(none), "") << none;
}

TEST_F(ConversationReaderTest, ReadsSystemTextsHistoryAndInput) {
  const Conversation with_system{"S", kQA.turns};
  EXPECT_EQ(read(R"({"system": "S", "conversations": [{"from": "user", "value": "Q"},)"
                 R"({"from": "assistant", "value": "A"}]})")[0]
                .conversation,
            with_system);
  EXPECT_EQ(read(R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"},)"
                 R"({"role": "assistant", "content": "A"}]})")[0]
                .conversation,
            with_system);
  EXPECT_EQ(read(R"({"prompt": "Q", "completion": "A", "system": "S"})")[0].conversation, with_system);
  const auto alpaca = read(R"({"instruction": "I", "input": "in", "output": "A", "system": "",)"
                           R"("history": [["q", "a"]]})")[0]
                          .conversation;
  EXPECT_EQ(
      alpaca,
      (Conversation{
          "", {{Role::user, "q"}, {Role::assistant, "a"}, {Role::user, "I\nin"}, {Role::assistant, "A"}}}));
}

TEST_F(ConversationReaderTest, DecodesEscapesAndKeepsUnicode) {
  const auto got = read(R"({"prompt": "\u4f60\ud83d\ude00\n\"é", "completion": "A"})");
  EXPECT_EQ(got[0].conversation.turns[0].text, "你😀\n\"é");
}

TEST_F(ConversationReaderTest, SaysWhereEachRecordBegins) {
  const std::string record = R"({"prompt": "é", "completion": "A"})";
  const auto got = read("[\n  " + record + ", " + record + ",\n\n" + record + "]");
  ASSERT_EQ(got.size(), 3u);
  const std::pair<int64_t, int64_t> expected[] = {{2, 3}, {2, 39}, {4, 1}};
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(std::pair(got[i].at.line, got[i].at.column), expected[i]);
}

TEST_F(ConversationReaderTest, ReadsRecordsLargerThanABlock) {
  const std::string big(3 << 20, 'x');
  const auto got = read("[{\"prompt\": \"" + big +
                        "\", \"completion\": \"A\"}, {\"prompt\": \"Q\", \"completion\": \"" + big + "\"}]");
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].conversation.turns[0].text, big);
  EXPECT_EQ(got[1].at.column, int64_t(1 + 12 + big.size() + 21 + 2 + 1));
}

// Every malformed kind: the place is exact and the reason names what is wrong.
struct BadCase {
  const char* text;
  const char* error;  // "line:column: beginning of the reason"
};
class BadFile : public ConversationReaderTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadFile, IsNamedByLineAndColumn) {
  const std::string got = error(GetParam().text);
  EXPECT_TRUE(got.starts_with(std::string("d.json:") + GetParam().error)) << got;
}

#define GOOD R"({"prompt": "Q", "completion": "A"})"
#define TURNS(x) R"({"conversations": [)" x "]}"
#define USER R"({"from": "user", "value": "Q"})"
INSTANTIATE_TEST_SUITE_P(
    Syntax, BadFile,
    ::testing::Values(
        BadCase{"", " is empty"}, BadCase{" \n ", " is empty"},
        BadCase{"[]", "1:2: the list holds no record"}, BadCase{"x", "1:1: expected '['"},
        BadCase{"\"text\"", "1:1: expected '['"}, BadCase{"[1]", "1:2: a record must be a JSON object"},
        BadCase{"[" GOOD ", 5]", "1:38: a record must be a JSON object"},
        BadCase{GOOD "\n[1]\n", "2:1: a record must be a JSON object"},
        BadCase{"[" GOOD " " GOOD "]", "1:37: bad JSON: expected ',' or ']'"},
        BadCase{"[" GOOD ",]", "1:37: a record must be a JSON object"},
        BadCase{"[\n" GOOD, "2:35: cut off: the list does not end with ']'"},
        BadCase{"[\n" GOOD ",\n", "3:1: cut off: the list does not end with ']'"},
        BadCase{"[" GOOD "]]", "1:37: bad JSON: text after the end of the list"},
        BadCase{GOOD " x\n", "1:36: bad JSON: text after the record"},
        BadCase{GOOD "\n{\"prompt\": \"Q\", \"compl", "2:23: cut off inside the record that begins at 2:1"},
        BadCase{"{\n\"prompt\": \"Q\", \"completion\": \"A\"}",
                "1:2: cut off inside the record that begins at 1:1"},
        BadCase{"[{\"prompt\": \"Q\",\n", "2:1: cut off inside the record that begins at 1:2"},
        BadCase{"[{\"prompt\": \"Q\" \"completion\": \"A\"}]", "1:17: bad JSON: syntax error"},
        BadCase{"[\n{\"prompt\": \"Q\",\n  }]", "3:3: bad JSON: syntax error"},
        BadCase{"[{\"prompt\": tru, \"completion\": \"A\"}]",
                "1:16: bad JSON: syntax error while parsing value - invalid literal"},
        BadCase{"{\"prompt\": 'Q'}", "1:12: bad JSON: syntax error while parsing value - invalid literal"},
        BadCase{"{\"prompt\": 01, \"completion\": \"A\"}", "1:13: bad JSON: syntax error"},
        BadCase{"{\"prompt\": \"\\x\"}",
                "1:14: bad JSON: syntax error while parsing value - invalid string: forbidden"},
        BadCase{"{\"prompt\": \"\\ud800\"}",
                "1:19: bad JSON: syntax error while parsing value - invalid string: surrogate"},
        BadCase{"{\"prompt\": \"a\tb\"}",
                "1:14: bad JSON: syntax error while parsing value - invalid string: control character"},
        BadCase{"{\"prompt\": \"\xC3\xA9\xFF\"}",
                "1:14: bad JSON: syntax error while parsing value - invalid string: ill-formed UTF-8"},
        BadCase{"{\"prompt\": \"Q\", \"prompt\": \"R\"}", "1:17: key \"prompt\" is given twice"},
        BadCase{"{\"prompt\": 1e999, \"completion\": \"A\"}", "1:17: bad JSON: number overflow"}));
INSTANTIATE_TEST_SUITE_P(
    Records, BadFile,
    ::testing::Values(
        BadCase{"{}", "1:1: no known record format: its keys are none"},
        BadCase{"[\n {\"question\": \"Q\", \"answer\": \"A\"}]",
                "2:2: no known record format: its keys are \"question\", \"answer\""},
        BadCase{R"({"messages": [], "conversations": []})",
                "1:1: the record fits the formats conversations and messages"},
        BadCase{GOOD "\n{\"prompt\": \"Q\"}", "2:1: has no \"completion\""},
        BadCase{GOOD "\n{\"instruction\": \"Q\", \"output\": \"A\"}", "2:1: has no \"prompt\""},
        BadCase{R"({"prompt": "Q", "completion": 5})",
                "1:31: \"completion\" is a number, but must be a string"},
        BadCase{R"({"prompt": null, "completion": "A"})", "1:12: \"prompt\" is null, but must be a string"},
        BadCase{R"({"prompt": "", "completion": "A"})", "1:12: the text of the user turn is empty"},
        BadCase{R"({"prompt": "Q", "completion": ""})", "1:31: the text of the assistant turn is empty"},
        BadCase{R"({"prompt": "Q", "completion": "A", "system": []})",
                "1:46: \"system\" is a list, but must be a string"},
        BadCase{R"({"conversations": {}})", "1:19: \"conversations\" is an object, but must be a list"},
        BadCase{TURNS(""), "1:19: \"conversations\" is empty"},
        BadCase{TURNS("true"), "1:20: \"turn 1\" is a boolean, but must be an object"},
        BadCase{TURNS(USER), "1:1: the record has no assistant turn"},
        BadCase{"[\n" GOOD ",\n"
                R"({"prompt": "Q", "completion": {}})"
                "]",
                "3:31: \"completion\" is an object"},
        BadCase{TURNS(USER ",\n"
                           R"({"from": "bot", "value": "A"})"),
                "1:51: cut off"},
        BadCase{TURNS(USER ","
                           R"({"from": "bot", "value": "A"})"),
                "1:60: role \"bot\" is unknown; known are system, user"},
        BadCase{TURNS(USER "," USER), "1:77: two user turns follow each other (turns 1 and 2)"},
        BadCase{TURNS(USER ","
                           R"({"from": "system", "value": "S"})"),
                "1:60: a system turn must be the first"},
        BadCase{TURNS(USER ","
                           R"({"value": "A"})"),
                "1:51: has no \"from\""},
        BadCase{TURNS(USER ","
                           R"({"from": "assistant"})"),
                "1:51: has no \"value\""},
        BadCase{R"({"system": "S", "conversations": [{"from": "system", "value": "T"}]})",
                "1:44: the system text is given twice"},
        BadCase{R"({"messages": [{"role": "human", "content": "Q"}]})",
                "1:24: role \"human\" is unknown; known are system, user, assistant"},
        BadCase{R"({"messages": [{"role": "user", "content": ["Q"]}]})",
                "1:43: \"content\" is a list, but must be a string"},
        BadCase{R"({"instruction": "I", "output": "A", "history": [["q"]]})",
                "1:49: an exchange of \"history\" must be"}));

TEST_F(ConversationReaderTest, RefusesNulBytes) {
  EXPECT_TRUE(
      error(std::string("[" GOOD "]\0 ", 38)).starts_with("d.json:1:37: bad JSON: text after the end"));
  EXPECT_TRUE(error(std::string("{\"prompt\"\0: 1}", 14)).starts_with("d.json:1:10: a NUL byte"));
}

TEST_F(ConversationReaderTest, RefusesDeepNesting) {
  const auto nested = [](size_t depth) {
    return "{\"x\": " + std::string(depth, '[') + std::string(depth, ']') +
           R"(, "prompt": "Q", "completion": "A"})";
  };
  EXPECT_EQ(read(nested(127)).size(), 1u);
  EXPECT_TRUE(error(nested(128)).starts_with("d.json:1:134: nested deeper than 128"));
  EXPECT_TRUE(error(nested(1000000)).starts_with("d.json:1:134: nested deeper than 128"));
}

TEST_F(ConversationReaderTest, EveryTruncationOfAFileIsAnError) {
  const std::string file = "[" GOOD ", \n" GOOD "]";
  for (size_t size = 0; size < file.size(); ++size) EXPECT_FALSE(error(file.substr(0, size)).empty()) << size;
  EXPECT_EQ(read(file).size(), 2u);
}

TEST_F(ConversationReaderTest, AGivenFormatIsNotGuessed) {
  EXPECT_TRUE(error(GOOD, RecordFormat::messages).starts_with("d.json:1:1: has no \"messages\""));
  const auto both = R"({"messages": [], "prompt": "Q", "completion": "A"})";
  EXPECT_EQ(read(both, RecordFormat::prompt_completion)[0].conversation, kQA);
}

TEST_F(ConversationReaderTest, NamesFilesThatCannotBeRead) {
  EXPECT_NE(message_of<DataError>([&] {
              ConversationReader(folder_ / "none.json");
            }).find("none.json: cannot be opened"),
            std::string::npos);
  EXPECT_NE(message_of<DataError>([&] { ConversationReader(folder_.path()); }).find("is a folder"),
            std::string::npos);
}

TEST(RecordFormat, NamesAreRead) {
  EXPECT_EQ(record_format_from("alpaca"), RecordFormat::alpaca);
  EXPECT_NE(message_of<ConfigError>([] { (void)record_format_from("csv"); }).find("'csv'"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::data
