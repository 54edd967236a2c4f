// Kinds of malformed lines. Each stands as line 2 of three: with `stop` it is named by line and column, with
// `skip` it is counted under its fault and the records around it are kept.
#include <gtest/gtest.h>

#include <numeric>

#include "data/dataset/sft_dataset.h"
#include "data/formats/conversation_reader.h"
#include "tests/support/byte_encoder.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

struct Malformed {
  std::string line;
  int column;
  std::string reason;  // beginning of it
  Fault fault;
};

const std::string kGood =
    R"({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]})";

std::string turns(const std::string& inside) { return R"({"messages": [)" + inside + "]}"; }
const std::string kUser = R"({"role": "user", "content": "Q"})";
const std::string kAnswer = R"({"role": "assistant", "content": "A"})";

std::vector<Malformed> kinds() {
  using enum Fault;
  return {// not JSON
          {"x", 1, "a record must be a JSON object", syntax},
          {"[]", 1, "a record must be a JSON object", syntax},
          {"\"text\"", 1, "a record must be a JSON object", syntax},
          {"12", 1, "a record must be a JSON object", syntax},
          {"null", 1, "a record must be a JSON object", syntax},
          {"}", 1, "a record must be a JSON object", syntax},
          {"# comment", 1, "a record must be a JSON object", syntax},
          {"{", 2, "cut off inside the record that begins at 2:1", syntax},
          {"{\"messages\"", 12, "cut off inside", syntax},
          {"{\"messages\":", 13, "cut off inside", syntax},
          {"{\"messages\": [", 15, "cut off inside", syntax},
          {"{\"messages\": \"abc", 18, "cut off inside", syntax},
          {"{\"messages\": []", 16, "cut off inside", syntax},
          {"{\"messages\": [}", 15, "bad JSON", syntax},
          {"{\"messages\" []}", 13, "bad JSON", syntax},
          {"{messages: []}", 2, "bad JSON", syntax},
          {"{'messages': []}", 2, "bad JSON", syntax},
          {"{\"messages\": [],}", 17, "bad JSON", syntax},
          {"{\"messages\": [1,]}", 17, "bad JSON", syntax},
          {"{,\"messages\": []}", 2, "bad JSON", syntax},
          {"{\"messages\": undefined}", 14, "bad JSON", syntax},
          {"{\"messages\": NaN}", 14, "bad JSON", syntax},
          {"{\"messages\": tru}", 17, "bad JSON", syntax},
          {"{\"messages\": True}", 14, "bad JSON", syntax},
          {"{\"messages\": 01}", 15, "bad JSON", syntax},
          {"{\"messages\": +1}", 14, "bad JSON", syntax},
          {"{\"messages\": 1e}", 16, "bad JSON", syntax},
          {"{\"messages\": 1e999}", 19, "bad JSON: number overflow", syntax},
          {"{\"messages\": \"a\tb\"}", 16, "bad JSON", syntax},
          {"{\"messages\": \"\\x\"}", 16, "bad JSON", syntax},
          {"{\"messages\": \"\\u12g4\"}", 19, "bad JSON", syntax},
          {kGood + " x", int(kGood.size()) + 2, "bad JSON: text after the record", syntax},
          {kGood + kGood, int(kGood.size()) + 1, "bad JSON: text after the record", syntax},
          {kGood + ",", int(kGood.size()) + 1, "bad JSON: text after the record", syntax},
          {std::string("{\"a\0b\": 1}", 10), 4, "a NUL byte", syntax},
          // not UTF-8
          {"{\"messages\": \"\xFF\"}", 15, "bad JSON", encoding},
          {"{\"messages\": \"\xC3\"}", 16, "bad JSON", encoding},
          {"{\"messages\": \"\xC0\x80\"}", 15, "bad JSON", encoding},
          {"{\"messages\": \"\xED\xA0\x80\"}", 15, "bad JSON", encoding},
          {"{\"messages\": \"\xF5\x80\x80\x80\"}", 15, "bad JSON", encoding},
          {"{\"messages\": \"\\ud800\"}", 21, "bad JSON", encoding},
          {"{\"messages\": \"\\udc00\"}", 20, "bad JSON", encoding},
          {"{\"messages\": \"\\ud800\\u0041\"}", 26, "bad JSON", encoding},
          // too much
          {"{\"x\": " + std::string(100000, '['), 134, "nested deeper than 128", too_large},
          {"{\"x\": " +
               [] {
                 std::string s;
                 for (int i = 0; i < 200; ++i) s += "{\"a\": ";
                 return s;
               }(),
           769, "nested deeper than 128", too_large},
          {"{\"x\": \"" + std::string(size_t(kMostRecordBytes), 'a') + "\"}", int(kMostRecordBytes) + 1,
           "the record has more than 64 MiB", too_large},
          // not the format
          {"{}", 1, "has no \"messages\"", format},
          {R"({"conversations": []})", 1, "has no \"messages\"", format},
          {R"({"messages": null})", 14, "\"messages\" is null", format},
          {R"({"messages": "x"})", 14, "\"messages\" is a string", format},
          {R"({"messages": {}})", 14, "\"messages\" is an object", format},
          {R"({"messages": [], "messages": []})", 18, "key \"messages\" is given twice", format},
          {turns("7"), 15, "\"turn 1\" is a number", format},
          {turns("[]"), 15, "\"turn 1\" is a list", format},
          {turns(R"({"content": "Q"})"), 15, "has no \"role\"", format},
          {turns(R"({"role": "user"})"), 15, "has no \"content\"", format},
          {turns(R"({"role": 1, "content": "Q"})"), 24, "\"role\" is a number", format},
          {turns(R"({"role": "user", "content": null})"), 43, "\"content\" is null", format},
          {turns(R"({"role": "user", "content": ["Q"]})"), 43, "\"content\" is a list", format},
          {turns(kUser + R"(, {"role": "assistant", "content": "A", "train": 1})"), 96,
           "\"train\" is a number", format},
          {turns(kUser + R"(, {"role": "assistant", "content": "A", "weight": 2})"), 97, "\"weight\" is 2",
           format},
          // roles
          {turns(R"({"role": "tool", "content": "Q"})"), 24, "role \"tool\" is unknown", role_order},
          {turns(R"({"role": "", "content": "Q"})"), 24, "role \"\" is unknown", role_order},
          {turns(kUser + ", " + kUser), 77, "two user turns follow each other (turns 1 and 2)", role_order},
          {turns(kUser + ", " + kAnswer + ", " + kAnswer), 121, "two assistant turns follow each other",
           role_order},
          {turns(kUser + R"(, {"role": "system", "content": "S"})"), 58, "a system turn must be the first",
           role_order},
          {R"({"system": "S", "messages": [{"role": "system", "content": "T"}]})", 39,
           "the system text is given twice", role_order},
          // nothing in it
          {turns(""), 14, "\"messages\" is empty", empty},
          {turns(R"({"role": "user", "content": ""})"), 43, "the text of the user turn is empty", empty},
          {turns(kUser + R"(, {"role": "assistant", "content": ""})"), 82,
           "the text of the assistant turn is empty", empty},
          {turns(kUser), 1, "the record has no assistant turn", nothing_to_learn},
          {turns(kUser + R"(, {"role": "assistant", "content": "A", "train": false})"), 1,
           "every token of the record is masked", nothing_to_learn},
          {turns(kAnswer + ", " + kUser), 1, "the record has no assistant turn after a user turn",
           nothing_to_learn},
          {turns(R"({"role": "user", "content": ")" + std::string(9000, 'Q') + "\"}, " + kAnswer), 1,
           "the record has 9", too_long}};
}

TEST(MalformedLines, AreNamedByPlaceAndReasonOrSkippedAndCounted) {
  const testing::TempFolder folder;
  const ChatFormat chat(testing::byte_encoder(), chat_template("qwen"));
  const auto all = kinds();
  EXPECT_GE(all.size(), 60u);
  for (const Malformed& kind : all) {
    SCOPED_TRACE(kind.line.substr(0, 80));
    const std::filesystem::path files[] = {
        folder.write("d.jsonl", kGood + "\n" + kind.line + "\n" + kGood + "\n")};
    SftOptions options;
    options.max_seq_len = 8000;
    options.truncation = Truncation::error;
    const std::string message =
        testing::message_of<DataError>([&] { SftDataset::load(files, chat, options); });
    const std::string expected = fmt::format("d.jsonl:2:{}: {}", kind.column, kind.reason);
    EXPECT_NE(message.find(expected), std::string::npos)
        << "  message  " << message << "\n  expected " << expected;

    options.on_bad_record = OnBadRecord::skip;
    const auto set = SftDataset::load(files, chat, options);
    EXPECT_EQ(set.samples().size(), 2);
    EXPECT_EQ(set.summary().records, 3);
    EXPECT_EQ(set.summary().bad(), 1);
    EXPECT_EQ(set.summary().faults[size_t(kind.fault)], 1);
    const auto& examples = set.summary().examples;
    ASSERT_TRUE(examples.contains(std::string(name_of(kind.fault))));
    EXPECT_NE(examples.at(std::string(name_of(kind.fault)))[0].find("d.jsonl:2:"), std::string::npos);
  }
}

TEST(MalformedLines, SkippingHasACap) {
  const testing::TempFolder folder;
  const ChatFormat chat(testing::byte_encoder(), chat_template("qwen"));
  std::string text;
  for (int i = 0; i < 50; ++i) text += kGood + "\nbroken\n";
  const std::filesystem::path files[] = {folder.write("d.jsonl", text)};
  SftOptions options;
  options.on_bad_record = OnBadRecord::skip;
  options.max_bad_records = 50;
  EXPECT_EQ(SftDataset::load(files, chat, options).samples().size(), 50);
  options.max_bad_records = 49;
  EXPECT_NE(testing::message_of<DataError>([&] {
              SftDataset::load(files, chat, options);
            }).find("50 bad records, max_bad_records is 49; the last one: "),
            std::string::npos);
}

TEST(MalformedLines, AListGoesOnAfterABadRecordButNotAfterBrokenSyntax) {
  const testing::TempFolder folder;
  const ChatFormat chat(testing::byte_encoder(), chat_template("qwen"));
  SftOptions options;
  options.on_bad_record = OnBadRecord::skip;
  const auto load = [&](const std::string& text) {
    const std::filesystem::path files[] = {folder.write("d.json", text)};
    return SftDataset::load(files, chat, options);
  };
  EXPECT_EQ(load("[" + kGood + ", {\"messages\": []}, " + kGood + "]").samples().size(), 2);
  const std::string broken = "[" + kGood + ", {\"messages\": [}, " + kGood + "]";
  EXPECT_FALSE(testing::message_of<DataError>([&] { load(broken); }).empty());
  options.survey = true;  // an audit counts it and goes on with the next file
  EXPECT_EQ(load(broken).samples().size(), 1);
}

TEST(MalformedLines, FilesThatAreNoTextAreNamed) {
  const testing::TempFolder folder;
  for (const std::string& bytes : {std::string("\xFF\xFE{\0", 4), std::string("\xFE\xFF\0{", 4)})
    EXPECT_NE(testing::message_of<DataError>([&] {
                ConversationReader(folder.write("u.jsonl", bytes));
              }).find("u.jsonl:1:1: is UTF-16"),
              std::string::npos);
}

}  // namespace
}  // namespace genesis::data
