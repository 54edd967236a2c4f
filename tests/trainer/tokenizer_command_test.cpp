#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "data/tokenizer/tokenizer.h"
#include "tests/support/temp_folder.h"
#include "trainer/commands/program.h"

namespace genesis::trainer {
namespace {

struct Outcome {
  int code = 0;
  std::string out, err;
};

Outcome run(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), {"genesis", "tokenizer"});
  std::vector<const char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(argument.c_str());
  const genesis::testing::TempFolder folder;
  const int file = open(folder.write("input", input).c_str(), O_RDONLY), before = dup(STDIN_FILENO);
  EXPECT_EQ(dup2(file, STDIN_FILENO), STDIN_FILENO);
  close(file);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome r;
  r.code = run_program(static_cast<int>(pointers.size()), pointers.data());
  std::cout.flush();
  std::fflush(stdout);
  dup2(before, STDIN_FILENO);
  close(before);
  r.out = ::testing::internal::GetCapturedStdout();
  r.err = ::testing::internal::GetCapturedStderr();
  return r;
}

class TokenizerCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto chat = folder_.write("chat.json", R"([{"conversations": [
      {"from": "user", "value": "What is the sum of 12 and 30?"}, {"from": "assistant", "value": "The sum is 42."},
      {"from": "user", "value": "What is the sum of 7 and 8?"}, {"from": "assistant", "value": "The sum is 15."}]}])");
    const auto plain = folder_.write("plain.txt", "the sum the sum the sum");
    const auto trained =
        run({"train", "--vocab-size", "280", "--out", path(), chat.string(), plain.string()});
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_NE(trained.out.find("280 tokens from 11 texts"), std::string::npos) << trained.out;
    EXPECT_NE(trained.out.find("vocab_size 488"), std::string::npos) << trained.out;
  }
  std::string path() const { return (folder_ / "qwen.tiktoken").string(); }

  genesis::testing::TempFolder folder_;
};

TEST_F(TokenizerCommand, EncodesAndDecodes) {
  const auto tokenizer = data::Tokenizer::from_file(path());
  for (const std::string& where : {path(), folder_.path().string()}) {
    const auto ids = run({"encode", where, "--jsonl"}, "{\"text\": \"the sum<|im_end|>\"}\n");
    EXPECT_EQ(ids.code, 0) << ids.err;
    EXPECT_NE(ids.out.find("282]}"), std::string::npos) << ids.out;
    EXPECT_EQ(run({"decode", where, "--jsonl"}, ids.out).out, "{\"text\": \"the sum<|im_end|>\"}\n");
    EXPECT_EQ(run({"decode", where, "--jsonl", "--skip-special"}, ids.out).out, "{\"text\": \"the sum\"}\n");
  }
  const auto plain = run({"encode", path(), "--jsonl", "--no-special"}, "{\"text\": \"<|im_end|>\"}\n");
  EXPECT_EQ(plain.out.find("282"), std::string::npos) << plain.out;
  const auto bare = run({"encode", path()}, "the sum\n");
  EXPECT_EQ(run({"decode", path()}, bare.out).out, "the sum\n");
}

TEST_F(TokenizerCommand, FamilyChoosesTheSpecialTokens) {
  const std::string line = "{\"text\": \"<|extra_0|>\"}\n";
  EXPECT_EQ(run({"encode", path(), "--jsonl"}, line).out, "{\"ids\": [283]}\n");
  EXPECT_GT(run({"encode", path(), "--jsonl", "--family", "qwen1.5"}, line).out.size(), 20u);
  EXPECT_EQ(run({"encode", path(), "--family", "qwen7"}, line).code, 64);
}

TEST_F(TokenizerCommand, ErrorsHaveTheirExitCodes) {
  const auto bad_line = run({"encode", path(), "--jsonl"}, "{\"text\": \"a\"}\n{}\n");
  EXPECT_EQ(bad_line.code, 65);
  EXPECT_EQ(bad_line.err, "error: <stdin>:2: a line is an object with the key \"text\"\n");
  EXPECT_EQ(run({"encode", (folder_ / "none").string()}).code, 65);
  EXPECT_EQ(run({"decode", path()}, "12 x").err, "error: <stdin>: number 2 is not a token id\n");
  EXPECT_EQ(run({"decode", path()}, "488").err, "error: token id 488 is outside the vocabulary of 488\n");
  EXPECT_EQ(run({"train", "--vocab-size", "10", "--out", path(), path()}).code, 64);
  EXPECT_EQ(run({"train", "--out", path(), path()}).code, 64);
  EXPECT_EQ(run({}).code, 64);
}

}  // namespace
}  // namespace genesis::trainer
