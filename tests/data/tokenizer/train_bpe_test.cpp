#include "data/tokenizer/train_bpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/pretokenizer.h"
#include "tests/support/error_message.h"
#include "tests/support/random_text.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

using genesis::testing::message_of;

/// The definition: count every pair anew for each token.
std::vector<std::string> train_by_definition(const std::vector<std::string>& pieces, size_t size,
                                             int64_t min_count) {
  std::vector<std::string> tokens;
  std::map<char, int32_t> rank_of;
  for (const uint8_t byte : byte_order()) {
    rank_of[char(byte)] = int32_t(tokens.size());
    tokens.emplace_back(1, char(byte));
  }
  std::vector<std::vector<int32_t>> words;
  for (const auto& piece : pieces) {
    words.emplace_back();
    for (const char c : piece) words.back().push_back(rank_of[c]);
  }
  while (tokens.size() < size) {
    std::map<std::pair<int32_t, int32_t>, int64_t> counts;
    for (const auto& word : words)
      for (size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    std::pair<int32_t, int32_t> best;
    int64_t most = 0;
    for (const auto& [pair, count] : counts)
      if (count > most) best = pair, most = count;
    if (most < min_count) break;
    for (auto& word : words)
      for (size_t i = 0; i + 1 < word.size(); ++i)
        if (word[i] == best.first && word[i + 1] == best.second) {
          word[i] = int32_t(tokens.size());
          word.erase(word.begin() + ptrdiff_t(i) + 1);
        }
    tokens.push_back(tokens[size_t(best.first)] + tokens[size_t(best.second)]);
  }
  return tokens;
}

std::vector<std::string> tokens_of(const Vocabulary& vocabulary) {
  std::vector<std::string> tokens;
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank) tokens.emplace_back(vocabulary.bytes(rank));
  return tokens;
}

TEST(TrainBpe, EqualsTheDefinition) {
  genesis::testing::RandomText random(4);
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> texts, pieces;
    for (int i = 0; i < 25; ++i) {
      std::string word;
      for (size_t n = 1 + random.below(30); n > 0; --n)
        word += char('a' + random.below(size_t(1 + round % 4)));
      texts.push_back(word + " " + word + "\u4e16\u754c");
      for (const auto piece : Pretokenizer().pieces(texts.back())) pieces.emplace_back(piece);
    }
    const int64_t min_count = 1 + round % 3;
    const auto vocabulary = train_bpe(texts, {.vocab_size = 340, .min_count = min_count});
    EXPECT_EQ(tokens_of(vocabulary), train_by_definition(pieces, 340, min_count)) << round;
  }
}

TEST(TrainBpe, TiesGoToTheLowestRanks) {
  const auto vocabulary =
      train_bpe(std::vector<std::string>{"cd ab", "cd ab", " ab cd", "1ab", "1cd"}, {.vocab_size = 258});
  EXPECT_EQ(vocabulary.bytes(256), "ab");
  EXPECT_EQ(vocabulary.bytes(257), "cd");
}

TEST(TrainBpe, TheOrderOfTextsDoesNotMatter) {
  auto texts = genesis::testing::tiny_corpus();
  const auto tokens = tokens_of(train_bpe(texts, {.vocab_size = 400}));
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(tokens_of(train_bpe(texts, {.vocab_size = 400})), tokens);
}

TEST(TrainBpe, IsAVocabularyOfMerges) {
  const auto vocabulary = genesis::testing::tiny_tokenizer().vocabulary();
  EXPECT_EQ(merges_of(vocabulary).size(), size_t(vocabulary.size()) - 256);
}

TEST(TrainBpe, SpecialFormsAreBoundaries) {
  const std::vector<std::string> texts(50, "<|im_start|>ab<|im_end|>");
  const auto vocabulary = train_bpe(texts, {.vocab_size = 300});
  EXPECT_EQ(vocabulary.size(), 257);
  EXPECT_EQ(vocabulary.bytes(256), "ab");
}

TEST(TrainBpe, StopsWhenNothingRepeats) {
  EXPECT_EQ(train_bpe(std::vector<std::string>{"abcdef"}, {.vocab_size = 300}).size(), 256);
  EXPECT_EQ(train_bpe({}, {.vocab_size = 300}).size(), 256);
}

TEST(TrainBpe, RefusesTooSmallASize) {
  EXPECT_EQ(message_of<ConfigError>([] { train_bpe({}, {.vocab_size = 255}); }),
            "vocab_size is 255; the single bytes alone are 256");
  EXPECT_EQ(message_of<ConfigError>([] { train_bpe({}, {.min_count = 0}); }),
            "min_count is 0; it must be at least 1");
}

}  // namespace
}  // namespace genesis::data
