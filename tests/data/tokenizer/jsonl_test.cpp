#include "data/tokenizer/jsonl.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/error_message.h"
#include "tests/support/random_text.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;
using nlohmann::json;

std::string encoded(const std::string& lines, const EncodeOptions& options = {}) {
  std::istringstream in(lines);
  std::ostringstream out;
  encode_jsonl(genesis::testing::tiny_tokenizer(), in, out, options, "in");
  return out.str();
}

std::string decoded(const std::string& lines, const DecodeOptions& options = {}) {
  std::istringstream in(lines);
  std::ostringstream out;
  decode_jsonl(genesis::testing::tiny_tokenizer(), in, out, options, "in");
  return out.str();
}

TEST(Jsonl, EncodesAndDecodesLineByLine) {
  const Tokenizer t = genesis::testing::tiny_tokenizer();
  genesis::testing::RandomText random(10);
  std::string lines, expected_ids, expected_text;
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random.text(10);
    const auto ids = t.encode(text);
    lines += json{{"text", text}, {"n", i}}.dump() + "\n";
    expected_ids += json{{"ids", ids}}.dump() + "\n";
    expected_text += json{{"text", t.decode(ids)}}.dump() + "\n";
  }
  const auto without_spaces = [](std::string s) {
    std::erase(s, ' ');
    return s;
  };
  const std::string ids = encoded(lines);
  EXPECT_EQ(without_spaces(ids), expected_ids);
  EXPECT_EQ(without_spaces(decoded(ids)), without_spaces(expected_text));
}

TEST(Jsonl, SpecialForms) {
  const Tokenizer t = genesis::testing::tiny_tokenizer();
  const std::string line = "{\"text\": \"<|im_end|>\"}\n";
  EXPECT_EQ(encoded(line), fmt::format("{{\"ids\": [{}]}}\n", t.im_end_id()));
  EXPECT_EQ(decoded(encoded(line)), line);
  EXPECT_EQ(decoded(encoded(line), {.skip_special = true}), "{\"text\": \"\"}\n");
  EXPECT_EQ(decoded(encoded(line, {SpecialForms::plain}), {.skip_special = true}), line);
  EXPECT_EQ(encoded("{\"text\": \"\"}"), "{\"ids\": []}\n");
}

TEST(Jsonl, WhatIsNoCharacterBecomesTheReplacementCharacter) {
  const auto text_of = [](const std::string& line) { return decoded(encoded(line)); };
  EXPECT_EQ(text_of(R"({"text": "a\ud800b"})"), "{\"text\": \"a\ufffdb\"}\n");
  EXPECT_EQ(text_of(R"({"text": "\udc00\ud83d\ude00\ud83d"})"), "{\"text\": \"\ufffd\U0001f600\ufffd\"}\n");
  EXPECT_EQ(text_of(R"({"text": "\\ud800"})"), "{\"text\": \"\\\\ud800\"}\n");
  EXPECT_EQ(text_of("{\"text\": \"a\xff\"}"), "{\"text\": \"a\ufffd\"}\n");
}

TEST(Jsonl, RefusesBadLinesByNumber) {
  const std::string good = "{\"text\": \"a\"}\n";
  const auto encode_refusal = [&](const std::string& line) {
    return message_of<DataError>([&] { encoded(good + good + line + "\n" + good); });
  };
  EXPECT_EQ(encode_refusal("{\"txt\": 1}"), "in:3: a line is an object with the key \"text\"");
  EXPECT_EQ(encode_refusal("[1]"), "in:3: a line is an object with the key \"text\"");
  EXPECT_EQ(encode_refusal("{\"text\": 1}"), "in:3: \"text\" is not a text");
  EXPECT_EQ(encode_refusal("{\"text\": ").find("in:3: [json.exception.parse_error"), 0u);
  EXPECT_EQ(encode_refusal("").find("in:3: [json.exception.parse_error"), 0u);
  const auto decode_refusal = [](const std::string& line) {
    return message_of<DataError>([&] { decoded(line); });
  };
  EXPECT_EQ(decode_refusal("{\"ids\": [0, 1.5]}"), "in:1: \"ids\" is not a list of integers");
  EXPECT_EQ(decode_refusal("{\"ids\": 7}"), "in:1: \"ids\" is not a list of integers");
  const int32_t size = genesis::testing::tiny_tokenizer().vocab_size();
  EXPECT_EQ(decode_refusal("{\"ids\": [0, -1]}"),
            fmt::format("in:1: token id -1 is outside the vocabulary of {}", size));
  EXPECT_EQ(decode_refusal("{\"ids\": [18446744073709551615]}"),
            fmt::format("in:1: token id 18446744073709551615 is outside the vocabulary of {}", size));
}

}  // namespace
}  // namespace genesis::data
