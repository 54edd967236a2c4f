#include "data/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include "data/tokenizer/streaming_decoder.h"
#include "data/tokenizer/tiktoken_file.h"
#include "data/tokenizer/utf8.h"
#include "tests/support/cpu_time.h"
#include "tests/support/error_message.h"
#include "tests/support/random_text.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;
using genesis::testing::RandomText;
using genesis::testing::tiny_tokenizer;
using Ids = std::vector<int32_t>;

TEST(Tokenizer, SpecialTokensFollowTheVocabulary) {
  const Tokenizer t = tiny_tokenizer();
  const int32_t n = t.vocabulary().size();
  EXPECT_EQ(t.eod_id(), n);
  EXPECT_EQ(t.im_start_id(), n + 1);
  EXPECT_EQ(t.im_end_id(), n + 2);
  EXPECT_EQ(t.special_id("<|extra_0|>"), n + 3);
  EXPECT_EQ(t.special_id("<|extra_204|>"), n + 207);
  EXPECT_EQ(t.vocab_size(), n + 208);
  EXPECT_EQ(tiny_tokenizer(TokenizerFamily::qwen1_5).vocab_size(), n + 3);
  EXPECT_EQ(message_of<DataError>([&] { t.special_id("<|extra_205|>"); }),
            "the tokenizer has no special token '<|extra_205|>'");
}

TEST(Tokenizer, SpecialFormsAreParsedOrPlain) {
  const Tokenizer t = tiny_tokenizer();
  const std::string text = "a<|im_start|><|extra_17|>b<|im_end|";
  const Ids parsed = t.encode(text);
  ASSERT_GT(parsed.size(), 4u);
  EXPECT_EQ(parsed[1], t.im_start_id());
  EXPECT_EQ(parsed[2], t.special_id("<|extra_17|>"));
  for (const int32_t id : t.encode(text, {SpecialForms::plain})) EXPECT_FALSE(t.is_special(id));
  const Ids some = t.encode(text, {.only = {t.special_id("<|extra_17|>")}});
  EXPECT_EQ(std::count(some.begin(), some.end(), t.im_start_id()), 0);
  EXPECT_EQ(std::count(some.begin(), some.end(), t.special_id("<|extra_17|>")), 1);
  EXPECT_EQ(t.decode(parsed), text);
  EXPECT_EQ(t.decode(parsed, {.skip_special = true}), "ab<|im_end|");
}

// Qwen-1 normalises before it looks for special tokens, Qwen1.5 after: U+0338 joins the > of <|im_end|>.
TEST(Tokenizer, OrderOfNormalisationAndSpecialTokensIsTheFamilys) {
  const std::string text = "<|im_end|>\u0338";
  const Tokenizer first = tiny_tokenizer(), later = tiny_tokenizer(TokenizerFamily::qwen1_5);
  EXPECT_EQ(first.decode(first.encode(text)), "<|im_end|\u226f");
  EXPECT_FALSE(first.is_special(first.encode(text)[0]));
  EXPECT_EQ(later.encode(text)[0], later.im_end_id());
  EXPECT_EQ(later.decode(later.encode(text)), text);
}

TEST(Tokenizer, EqualsThePiecewiseDefinition) {
  const Tokenizer t = tiny_tokenizer();
  // Tokens of a greedy reader by hand on the trained vocabulary.
  EXPECT_EQ(t.encode(" the"), Ids{t.vocabulary().find(" the")});
  EXPECT_EQ(t.encode("\n"), Ids{198});
  EXPECT_EQ(t.encode(""), Ids{});
  EXPECT_EQ(t.encode("42"), (Ids{t.vocabulary().find("4"), t.vocabulary().find("2")}));
}

TEST(Tokenizer, RoundTripsText) {
  const Tokenizer t = tiny_tokenizer();
  RandomText random(5);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = t.decode(t.encode(random.text(30)));  // its NFC
    EXPECT_EQ(t.decode(t.encode(text)), text);
    EXPECT_EQ(t.decode(t.encode(text, {SpecialForms::plain})), text);
  }
}

TEST(Tokenizer, IllFormedBytesBecomeReplacementCharacters) {
  const Tokenizer t = tiny_tokenizer();
  RandomText random(6);
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = random.bytes(random.below(40));
    EXPECT_EQ(t.encode(bytes), t.encode(replace_invalid_utf8(bytes)));
  }
  EXPECT_EQ(t.decode(t.encode("a\xff\xe4\xb8z")), "a\ufffd\ufffdz");
}

TEST(Tokenizer, DecodesAnyIds) {
  const Tokenizer t = tiny_tokenizer();
  RandomText random(7);
  for (int i = 0; i < 2000; ++i) {
    Ids ids;
    for (size_t n = random.below(12); n > 0; --n)
      ids.push_back(int32_t(random.below(size_t(t.vocab_size()))));
    std::string bytes;
    for (const int32_t id : ids) bytes += t.token_bytes(id);
    EXPECT_EQ(t.decode_bytes(ids), bytes);
    EXPECT_EQ(t.decode(ids), replace_invalid_utf8(bytes));
    StreamingDecoder stream(t);
    std::string joined;
    for (const int32_t id : ids) {
      const std::string part = stream.push(id);
      EXPECT_EQ(valid_utf8_prefix(part), part.size());
      joined += part;
    }
    EXPECT_EQ(joined + stream.finish(), t.decode(ids));
    EXPECT_EQ(stream.finish(), "");
  }
}

TEST(Tokenizer, StreamingNeverGivesHalfACharacter) {
  const Tokenizer t = tiny_tokenizer();
  StreamingDecoder stream(t);
  std::vector<std::string> parts;
  for (const char c : std::string("\U0001f600!"))
    parts.push_back(stream.push(t.vocabulary().byte_token(uint8_t(c))));
  EXPECT_EQ(parts, (std::vector<std::string>{"", "", "", "\U0001f600", "!"}));
  EXPECT_EQ(stream.push(t.vocabulary().byte_token(0xe4)), "");
  EXPECT_EQ(stream.push(t.vocabulary().byte_token('x')), "\ufffdx");
  EXPECT_EQ(stream.push(t.vocabulary().byte_token(0xe4)), "");
  EXPECT_EQ(stream.finish(), "\ufffd");
}

TEST(Tokenizer, RefusesIdsOutsideTheVocabulary) {
  const Tokenizer t = tiny_tokenizer();
  for (const int32_t id : {-1, t.vocab_size(), INT32_MAX, INT32_MIN})
    EXPECT_EQ(message_of<DataError>([&] { t.decode(Ids{id}); }),
              fmt::format("token id {} is outside the vocabulary of {}", id, t.vocab_size()));
}

TEST(Tokenizer, BatchesEqualSingleTexts) {
  const Tokenizer t = tiny_tokenizer();
  RandomText random(8);
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) texts.push_back(random.text(60));
  const auto batch = t.encode_batch(texts);
  ASSERT_EQ(batch.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(batch[i], t.encode(texts[i]));
  EXPECT_TRUE(t.encode_batch(std::span<const std::string>()).empty());
}

TEST(Tokenizer, HostileTextTakesBoundedTime) {
  const Tokenizer t = tiny_tokenizer();
  constexpr size_t kCount = 1000000;
  const auto repeat = [](const std::string& part) {
    std::string text;
    while (text.size() < kCount) text += part;
    return text;
  };
  for (const char* part :
       {"a", " ", "\n", "7", "!", "'", "\u4e16", "\u0301", "\u0323\u0301", "<|", "<|im_start|", "<|im_end|>",
        "\xff", " \n", "ab", "the", "\u1100\u1161", "\xf0\x9f"}) {
    const std::string text = repeat(part);
    Ids ids;
    EXPECT_LT(genesis::testing::cpu_seconds_of([&] { ids = t.encode(text); }), 5) << part;
    EXPECT_FALSE(ids.empty());
  }
}

TEST(Tokenizer, ReadsFilesAndFolders) {
  const genesis::testing::TempFolder folder;
  const Tokenizer t = tiny_tokenizer();
  EXPECT_EQ(message_of<DataError>([&] { Tokenizer::from_folder(folder.path()); }),
            folder.path().string() +
                ": holds none of qwen.tiktoken, tokenizer.json, vocab.json; name another with --tokenizer or "
                "the key "
                "tokenizer");
  write_tiktoken(t.vocabulary(), folder / "qwen.tiktoken");
  for (const Tokenizer& read :
       {Tokenizer::from_folder(folder.path()), Tokenizer::from_file(folder / "qwen.tiktoken")}) {
    EXPECT_EQ(read.vocab_size(), t.vocab_size());
    EXPECT_EQ(read.encode("The fox is the fox.<|im_end|>"), t.encode("The fox is the fox.<|im_end|>"));
  }
  EXPECT_EQ(Tokenizer::from_folder(folder.path(), TokenizerFamily::qwen1_5).vocab_size(),
            t.vocabulary().size() + 3);
}

}  // namespace
}  // namespace genesis::data
