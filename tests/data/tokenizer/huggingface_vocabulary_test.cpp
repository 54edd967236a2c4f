#include "data/tokenizer/huggingface_vocabulary.h"

#include <gtest/gtest.h>

#include "data/tokenizer/byte_alphabet.h"
#include "data/tokenizer/text_file.h"
#include "data/tokenizer/tiktoken_file.h"
#include "tests/support/error_message.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class HuggingFaceVocabulary : public ::testing::Test {
 protected:
  HuggingFaceVocabulary()
      : vocabulary_(train_bpe(std::vector<std::string>{"abc", "abc", "1ab"}, {.vocab_size = 258})) {
    write_vocab_json(vocabulary_, folder_ / "vocab.json", folder_ / "merges.txt");
    vocab_ = read_text_file(folder_ / "vocab.json");
    merges_ = read_text_file(folder_ / "merges.txt");
  }
  /// The message for changed files, without the folder's name.
  std::string refusal(const std::string& vocab, const std::string& merges) {
    folder_.write("vocab.json", vocab);
    folder_.write("merges.txt", merges);
    std::string message =
        message_of<DataError>([&] { read_vocab_json(folder_ / "vocab.json", folder_ / "merges.txt"); });
    const std::string prefix = folder_.path().string() + "/";
    for (size_t at; (at = message.find(prefix)) != std::string::npos;) message.erase(at, prefix.size());
    return message;
  }

  TempFolder folder_;
  Vocabulary vocabulary_;
  std::string vocab_, merges_;
};

TEST_F(HuggingFaceVocabulary, WritesTheLayout) {
  EXPECT_EQ(merges_, "#version: 0.2\na b\nab c\n");
  EXPECT_NE(vocab_.find("\"\u0120\":220"), std::string::npos);
  EXPECT_NE(vocab_.find("\"\\\"\":1"), std::string::npos);
  EXPECT_TRUE(vocab_.ends_with("\"ab\":256,\"abc\":257}"));
}

TEST_F(HuggingFaceVocabulary, ReadsItBack) {
  for (const std::string end : {"\n", "\r\n"}) {
    std::string merges = merges_;
    for (size_t at = 0; end != "\n" && (at = merges.find('\n', at)) != std::string::npos; at += 2)
      merges.replace(at, 1, end);
    folder_.write("merges.txt", merges);
    const Vocabulary read = read_vocab_json(folder_ / "vocab.json", folder_ / "merges.txt");
    ASSERT_EQ(read.size(), vocabulary_.size());
    for (int32_t rank = 0; rank < read.size(); ++rank) EXPECT_EQ(read.bytes(rank), vocabulary_.bytes(rank));
  }
  const Tokenizer tokenizer = Tokenizer::from_folder(folder_.path());
  EXPECT_EQ(tokenizer.vocab_size(), 258 + 3);
  EXPECT_EQ(tokenizer.encode("abc<|im_end|>"), (std::vector<int32_t>{257, tokenizer.im_end_id()}));
}

TEST_F(HuggingFaceVocabulary, RefusesByName) {
  EXPECT_EQ(refusal(replaced(vocab_, "\"ab\":256", "\"ab\":300"), merges_),
            "vocab.json: token 'ab' has id 300 among 258 tokens: the ids have a hole");
  EXPECT_EQ(refusal(replaced(vocab_, "\"ab\":256", "\"ab\":257"), merges_),
            "vocab.json: id 257 is given twice, to 'abc' again");
  EXPECT_EQ(refusal(replaced(vocab_, "\"ab\":256", "\"ab\":\"x\""), merges_),
            "vocab.json: token 'ab': expected an id, found a string");
  EXPECT_EQ(refusal(replaced(vocab_, "\"ab\":256", "\"ab\":1.5"), merges_),
            "vocab.json: token 'ab': expected an id, found 1.5");
  EXPECT_EQ(refusal(replaced(vocab_, "\"ab\":256", "\"ab\":-1"), merges_),
            "vocab.json: token 'ab' has id -1 among 258 tokens: the ids have a hole");
  EXPECT_EQ(refusal(replaced(vocab_, "\"ab\":256", "\"a b\":256"), merges_),
            "vocab.json: 'a b' has a character that stands for no byte");
  EXPECT_EQ(refusal("[1]", merges_), "vocab.json: token '': expected an id, found an array");
  EXPECT_EQ(refusal("7", merges_), "vocab.json: token '': expected an id, found 7");
  EXPECT_NE(refusal(vocab_.substr(0, 40), merges_).find("vocab.json: [json.exception.parse_error"),
            std::string::npos);
  EXPECT_EQ(refusal(vocab_, "#version: 0.2\na b\nabc\n"),
            "merges.txt:3: a line is 'left SPACE right', this is 'abc'");
  EXPECT_EQ(refusal(vocab_, "#version: 0.2\nab c\na b\n"),
            "merges.txt:2: the merge 'ab' 'c' makes id 257, its place asks for id 256");
  EXPECT_EQ(refusal(vocab_, "a b\na bc\n"),
            "merges.txt:2: the merge 'a' 'bc' never happens in the order of ids");
  EXPECT_EQ(refusal(vocab_, "a b\n"),
            "vocab.json: 258 tokens and 1 merges; expected 256 single bytes and one token for each merge");
}

TEST_F(HuggingFaceVocabulary, TokensThatNoMergeMakesCannotBeWritten) {
  std::vector<std::string> tokens;
  for (const uint8_t byte : byte_order()) tokens.emplace_back(1, char(byte));
  tokens.emplace_back("xyz");
  EXPECT_EQ(message_of<DataError>([&] { merges_of(Vocabulary(tokens)); }),
            "the token 'xyz' of rank 256 is not made by one merge of earlier tokens");
}

TEST(HuggingFaceVocabularyFiles, TheRealFilesAreWrittenFromTheTiktokenFile) {
  const auto folder = genesis::testing::shared_path("tokenizer");
  if (!folder) return;
  const TempFolder out;
  write_vocab_json(read_tiktoken(*folder / "qwen.tiktoken"), out / "vocab.json", out / "merges.txt");
  EXPECT_TRUE(read_text_file(out / "merges.txt") == read_text_file(*folder / "merges.txt"));
  const Vocabulary read = read_vocab_json(out / "vocab.json", out / "merges.txt");
  EXPECT_EQ(read.size(), 151643);
}

TEST(ByteAlphabet, EveryByteReadsBack) {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes += char(b);
  EXPECT_EQ(from_byte_alphabet(to_byte_alphabet(bytes)), bytes);
  EXPECT_EQ(to_byte_alphabet(" \n!\xad"), "\u0120\u010a!\u0143");
  EXPECT_FALSE(from_byte_alphabet("\u0144"));
  EXPECT_FALSE(from_byte_alphabet(" "));
  EXPECT_FALSE(from_byte_alphabet("\xff"));
}

}  // namespace
}  // namespace genesis::data
