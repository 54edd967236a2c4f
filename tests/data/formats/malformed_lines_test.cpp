// Kinds of malformed lines. Each stands as line 2 of three: with `stop` it is named by line and column, with
// `skip` it is counted under its fault and the records around it are kept.
#include "tests/support/malformed_lines.h"

#include <gtest/gtest.h>

#include "tests/support/error_message.h"

namespace genesis::data {
namespace {

using testing::kGoodLine;

TEST(MalformedLines, AreNamedByPlaceAndReasonOrSkippedAndCounted) {
  const auto all = testing::malformed_lines();
  EXPECT_GE(all.size(), 60u);
  for (const testing::Malformed& kind : all)
    EXPECT_EQ(testing::problem_with(kind), "") << kind.line.substr(0, 80);
}

TEST(MalformedLines, SkippingHasACap) {
  const testing::TempFolder folder;
  const ChatFormat chat(testing::byte_encoder(), chat_template("qwen"));
  std::string text;
  for (int i = 0; i < 50; ++i) text += kGoodLine + "\nbroken\n";
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
  EXPECT_EQ(load("[" + kGoodLine + ", {\"messages\": []}, " + kGoodLine + "]").samples().size(), 2);
  const std::string broken = "[" + kGoodLine + ", {\"messages\": [}, " + kGoodLine + "]";
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
