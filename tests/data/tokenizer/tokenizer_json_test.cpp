#include "data/tokenizer/tokenizer_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/tokenizer/tiktoken_file.h"
#include "tests/support/error_message.h"
#include "tests/support/random_text.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"
#include "tests/support/tokenizer_json.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;
using genesis::testing::tokenizer_json;
using nlohmann::json;

TEST(TokenizerJson, GivesTheSameIds) {
  const TempFolder folder;
  const Tokenizer expected = genesis::testing::tiny_tokenizer(TokenizerFamily::qwen1_5);
  for (const bool pairs : {false, true}) {
    folder.write("tokenizer.json", tokenizer_json(expected.vocabulary(), pairs).dump());
    const Tokenizer read = Tokenizer::from_folder(folder.path());
    EXPECT_EQ(read.vocab_size(), expected.vocab_size() + 1);
    genesis::testing::RandomText random(9);
    for (int i = 0; i < 500; ++i) {
      const std::string text = random.text(30);
      EXPECT_EQ(read.encode(text), expected.encode(text));
    }
    const auto ids = read.encode("a<tool_call><|im_end|>");
    EXPECT_EQ(ids.size(), 3u);
    EXPECT_EQ(read.decode(ids, {.skip_special = true}), "a<tool_call>");
  }
}

TEST(TokenizerJson, GivesTheSameIdsForTheRealVocabulary) {
  const auto path = genesis::testing::shared_path("tokenizer/qwen.tiktoken");
  if (!path) return;
  const TempFolder folder;
  folder.write("tokenizer.json", tokenizer_json(read_tiktoken(*path), false).dump());
  const Tokenizer read = Tokenizer::from_folder(folder.path());
  EXPECT_EQ(read.encode("Hello world<|im_end|>"), (std::vector<int32_t>{9707, 1879, 151645}));
}

TEST(TokenizerJson, RefusesAnotherPipelineByKey) {
  const TempFolder folder;
  const json good = tokenizer_json(train_bpe(std::vector<std::string>{"ab ab"}, {.vocab_size = 257}), true);
  const auto refusal = [&](const char* pointer, const json& value) {
    json file = good;
    file[json::json_pointer(pointer)] = value;
    folder.write("tokenizer.json", file.dump());
    const std::string message =
        message_of<DataError>([&] { read_tokenizer_json(folder / "tokenizer.json"); });
    EXPECT_EQ(message.find((folder / "tokenizer.json").string() + ": "), 0u) << message;
    return message.substr(std::min(message.size(), (folder / "tokenizer.json").string().size() + 2));
  };
  EXPECT_EQ(refusal("/normalizer", nullptr), "key 'normalizer': expected an object, found null");
  EXPECT_EQ(refusal("/normalizer/type", "NFKC"), "key 'normalizer.type': expected \"NFC\", found \"NFKC\"");
  EXPECT_EQ(refusal("/pre_tokenizer/pretokenizers/0/behavior", "Removed"),
            "key 'pre_tokenizer.pretokenizers[0].behavior': expected \"Isolated\", found \"Removed\"");
  EXPECT_EQ(refusal("/pre_tokenizer/pretokenizers/1/use_regex", true),
            "key 'pre_tokenizer.pretokenizers[1].use_regex': expected false, found true");
  EXPECT_EQ(refusal("/pre_tokenizer/pretokenizers", json::array()),
            "key 'pre_tokenizer.pretokenizers': expected a Split and a ByteLevel, found a list of 0");
  EXPECT_EQ(refusal("/model/type", "WordPiece"), "key 'model.type': expected \"BPE\", found \"WordPiece\"");
  EXPECT_EQ(refusal("/model/dropout", 0.1), "key 'model.dropout': expected null, found 0.1");
  EXPECT_EQ(refusal("/model/byte_fallback", true), "key 'model.byte_fallback': expected false, found true");
  EXPECT_EQ(refusal("/model/vocab", 3), "key 'model.vocab': expected an object, found 3");
  EXPECT_EQ(refusal("/model/vocab/ab", "x"), "key 'model.vocab.ab': expected an integer, found \"x\"");
  EXPECT_EQ(refusal("/model/merges/0", json{"a"}),
            "key 'model.merges[0]': expected two texts, found a list of 1");
  EXPECT_EQ(refusal("/model/merges/0", "ab"), "key 'model.merges[0]': expected \"left right\", found \"ab\"");
  EXPECT_EQ(refusal("/added_tokens/0/lstrip", true),
            "key 'added_tokens[0].lstrip': expected false, found true");
  EXPECT_EQ(refusal("/added_tokens/0/id", 9),
            "key 'added_tokens[0].id': expected an id from 257 on, found 9");
  EXPECT_EQ(refusal("/added_tokens/3/id", 290),
            "the special token '<tool_call>' has id 290, expected 260: special ids follow the vocabulary "
            "without a hole");
  EXPECT_EQ(refusal("/added_tokens/3/content", "<|im_end|>"),
            "the special token '<|im_end|>' is given twice");
}

TEST(TokenizerJson, RefusesBrokenJson) {
  const TempFolder folder;
  folder.write("tokenizer.json", "{\"model\": ");
  EXPECT_NE(
      message_of<DataError>([&] { read_tokenizer_json(folder / "tokenizer.json"); }).find("parse error"),
      std::string::npos);
}

}  // namespace
}  // namespace genesis::data
