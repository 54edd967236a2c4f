#include "data/tokenizer/tiktoken_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/tokenizer/base64.h"
#include "data/tokenizer/text_file.h"
#include "tests/support/error_message.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

/// The file of the 256 single bytes and "ab" (rank 256), one line for each.
std::vector<std::string> small_file() {
  std::vector<std::string> lines;
  for (const uint8_t byte : byte_order())
    lines.push_back(encode_base64(std::string(1, char(byte))) + " " + std::to_string(lines.size()));
  lines.push_back("YWI= 256");
  return lines;
}

std::string join(const std::vector<std::string>& lines, const std::string& end = "\n") {
  std::string text;
  for (const auto& line : lines) text += line + end;
  return text;
}

std::string refusal(size_t line, const std::string& replacement) {
  auto lines = small_file();
  lines.at(line - 1) = replacement;
  return message_of<DataError>([&] { parse_tiktoken(join(lines), "v.tiktoken"); });
}

TEST(TiktokenFile, ReadsLinesInAnyOrderWithEitherLineEnd) {
  auto lines = small_file();
  for (const auto* end : {"\n", "\r\n"}) {
    const Vocabulary vocabulary = parse_tiktoken(join(lines, end), "v");
    EXPECT_EQ(vocabulary.size(), 257);
    EXPECT_EQ(vocabulary.bytes(256), "ab");
    EXPECT_EQ(vocabulary.find("ab"), 256);
    EXPECT_EQ(vocabulary.find("!"), 0);
    EXPECT_EQ(vocabulary.find("\n"), 198);
    EXPECT_EQ(vocabulary.find(" "), 220);
    EXPECT_EQ(vocabulary.find("ba"), Vocabulary::kNone);
    std::reverse(lines.begin(), lines.end());
  }
  std::string unfinished = join(lines);
  unfinished.pop_back();
  EXPECT_EQ(parse_tiktoken(unfinished, "v").size(), 257);
}

TEST(TiktokenFile, WritesWhatItReads) {
  const TempFolder folder;
  const auto vocabulary = genesis::testing::tiny_tokenizer().vocabulary();
  write_tiktoken(vocabulary, folder / "v.tiktoken");
  const Vocabulary again = read_tiktoken(folder / "v.tiktoken");
  ASSERT_EQ(again.size(), vocabulary.size());
  for (int32_t rank = 0; rank < again.size(); ++rank) EXPECT_EQ(again.bytes(rank), vocabulary.bytes(rank));
}

TEST(TiktokenFile, TheRealFileIsWrittenByteForByte) {
  const auto path = genesis::testing::shared_path("tokenizer/qwen.tiktoken");
  if (!path) return;
  const TempFolder folder;
  write_tiktoken(read_tiktoken(*path), folder / "copy.tiktoken");
  EXPECT_TRUE(read_text_file(*path) == read_text_file(folder / "copy.tiktoken"));
}

TEST(TiktokenFile, RefusesBadLinesByFileAndLine) {
  EXPECT_EQ(refusal(3, ""), "v.tiktoken:3: the line is empty");
  EXPECT_EQ(refusal(3, "IQ=="), "v.tiktoken:3: a line is 'base64(token) SPACE rank', this one has no space");
  EXPECT_EQ(refusal(3, "I*== 2"), "v.tiktoken:3: 'I*==' is not base64");
  EXPECT_EQ(refusal(3, "IQ= 2"), "v.tiktoken:3: 'IQ=' is not base64");
  EXPECT_EQ(refusal(3, "IR== 2"), "v.tiktoken:3: 'IR==' is not base64");  // unused bits are set
  EXPECT_EQ(refusal(3, "I=Q= 2"), "v.tiktoken:3: 'I=Q=' is not base64");
  EXPECT_EQ(refusal(3, " 2"), "v.tiktoken:3: the token is empty");
  EXPECT_EQ(refusal(3, "Iw== two"), "v.tiktoken:3: 'two' is not a rank");
  EXPECT_EQ(refusal(3, "Iw== -2"), "v.tiktoken:3: '-2' is not a rank");
  EXPECT_EQ(refusal(3, "Iw== 2 "), "v.tiktoken:3: '2 ' is not a rank");
  EXPECT_EQ(refusal(3, "Iw== 99999999999999999999999"),
            "v.tiktoken:3: '99999999999999999999999' is not a rank");
}

TEST(TiktokenFile, RefusesHolesAndRepeats) {
  EXPECT_EQ(refusal(257, "YWI= 257"),
            "v.tiktoken:257: rank 257 in a file of 257 lines: the ranks have a hole");
  EXPECT_EQ(refusal(257, "YWI= 7"), "v.tiktoken:257: rank 7 stands on line 8 already");
  EXPECT_EQ(refusal(257, "IQ== 256"), "v.tiktoken: ranks 0 and 256 are the same token '!'");
  EXPECT_EQ(refusal(1, "YWJj 0"), "v.tiktoken: the single-byte token 0x21 is missing");
}

TEST(TiktokenFile, RefusesMissingAndEmptyFiles) {
  const TempFolder folder;
  EXPECT_EQ(message_of<DataError>([&] { read_tiktoken(folder / "none"); }),
            (folder / "none").string() + ": cannot be opened: No such file or directory");
  EXPECT_EQ(message_of<DataError>([&] { read_tiktoken(folder.path()); }),
            folder.path().string() + ": is a folder, not a file");
  EXPECT_EQ(message_of<DataError>([&] { read_tiktoken(folder.write("empty", "")); }),
            (folder / "empty").string() + ": the file is empty");
  EXPECT_EQ(message_of<DiskError>([&] {
              write_tiktoken(genesis::testing::tiny_tokenizer().vocabulary(), folder / "no/such/file");
            }),
            (folder / "no/such/file").string() + ": cannot be written: No such file or directory");
}

TEST(Base64, EveryLengthReadsBack) {
  std::string bytes, word, again;
  for (int n = 0; n < 300; ++n) {
    word = encode_base64(bytes);
    ASSERT_TRUE(decode_base64(word, again));
    EXPECT_EQ(again, bytes);
    bytes.push_back(char(n * 37));
  }
  EXPECT_EQ(encode_base64("Qwen"), "UXdlbg==");
}

}  // namespace
}  // namespace genesis::data
