#include "data/tokenizer/added_tokens.h"

#include <gtest/gtest.h>

#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;
using genesis::testing::tiny_tokenizer;

constexpr const char* kFamily =
    R"("<|endoftext|>", "special": true}, "9": {"content": "<|im_start|>", "special":)"
    R"( true}, "10": {"content": "<|im_end|>", "special": true})";

std::string decoder(const std::string& more = "") {
  return std::string(R"({"added_tokens_decoder": {"8": {"content": )") + kFamily + more + "}}";
}

std::string refusal(const AddedTokenTexts& texts) {
  return message_of<DataError>([&] { parse_added_tokens(texts, "m", 8); });
}

TEST(AddedTokens, ComeFromTheConfigAndTheListTogether) {
  const auto specials = parse_added_tokens(
      {decoder(R"(, "11": {"content": "<think>", "special": false})"),
       R"({"<|im_end|>": 10, "<tool>": 12, "<x>": 13})",
       R"({"additional_special_tokens": ["<tool>"], "eos_token": {"content": "<|im_end|>"}})"},
      "m", 8);
  ASSERT_TRUE(specials);
  EXPECT_EQ(specials->size(), 6);
  EXPECT_EQ(specials->find("<|im_end|>"), 10);
  EXPECT_TRUE(specials->at(10).special);
  EXPECT_EQ(specials->find("<think>"), 11);
  EXPECT_FALSE(specials->at(11).special);
  EXPECT_TRUE(specials->at(12).special);   // special_tokens_map.json says so
  EXPECT_FALSE(specials->at(13).special);  // nobody says so
  EXPECT_TRUE(specials->before_nfc());
}

TEST(AddedTokens, NothingWithoutFiles) {
  EXPECT_FALSE(parse_added_tokens({}, "m", 8));
  EXPECT_FALSE(parse_added_tokens({R"({"chat_template": null})", "", ""}, "m", 8));
  const TempFolder folder;
  EXPECT_FALSE(read_added_tokens(folder.path(), 8));
}

TEST(AddedTokens, TheListAloneGivesTheFamilysTokensTheirMeaning) {
  const auto specials =
      parse_added_tokens({"", R"({"<|im_start|>": 9, "<|endoftext|>": 8, "<|im_end|>": 10})", ""}, "m", 8);
  ASSERT_TRUE(specials);
  for (int32_t id = 8; id < 11; ++id) EXPECT_TRUE(specials->at(id).special);
}

TEST(AddedTokens, ContradictionsNameBothFilesAndValues) {
  std::string text = refusal({decoder(), R"({"<|im_end|>": 9})", ""});
  for (const char* part : {"m/added_tokens.json", "'<|im_end|>'", "id 9", "m/tokenizer_config.json"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  text = refusal({R"({"added_tokens_decoder": {"7": {"content": "a"}}})", "", ""});
  EXPECT_NE(text.find("id 7, the vocabulary ends at 8"), std::string::npos) << text;
  text = refusal({R"({"added_tokens_decoder": {"9": {"content": "a"}}})", "", ""});
  EXPECT_NE(text.find("has id 9, expected 8"), std::string::npos) << text;
  text = refusal({R"({"added_tokens_decoder": {"8": {"content": "a", "lstrip": true}}})", "", ""});
  EXPECT_NE(text.find("added_tokens_decoder.8': 'lstrip' is true"), std::string::npos) << text;
  EXPECT_NE(refusal({"", R"({"a": "8"})", ""}).find("expected an id, found"), std::string::npos);
  EXPECT_NE(refusal({"", "[1]", ""}).find("must be a JSON object"), std::string::npos);
  EXPECT_NE(
      refusal({R"({"added_tokens_decoder": {"x": {"content": "a"}}})", "", ""}).find("token id as the key"),
      std::string::npos);
}

TEST(AddedTokens, AreReadBesideVocabJson) {
  const Tokenizer t = tiny_tokenizer(TokenizerFamily::qwen1_5);
  const int32_t n = t.vocabulary().size();
  const TempFolder folder;
  write_vocab_json(t.vocabulary(), folder / "vocab.json", folder / "merges.txt");
  EXPECT_EQ(Tokenizer::from_folder(folder.path()).vocab_size(), n + 3);
  folder.write("added_tokens.json",
               fmt::format(R"({{"<|endoftext|>": {}, "<|im_start|>": {}, "<|im_end|>": {}, )"
                           R"("<think>": {}, "</think>": {}}})",
                           n, n + 1, n + 2, n + 3, n + 4));
  const Tokenizer longer = Tokenizer::from_folder(folder.path());
  EXPECT_EQ(longer.vocab_size(), n + 5);
  const auto ids = longer.encode("<think>a</think><|im_end|>");
  EXPECT_EQ(ids.front(), n + 3);
  EXPECT_EQ(ids.back(), longer.im_end_id());
  EXPECT_EQ(longer.decode(ids, {.skip_special = true}), "<think>a</think>");
}

}  // namespace
}  // namespace genesis::data
