#include "data/tokenizer/bpe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/cpu_time.h"
#include "tests/support/random_text.h"

namespace genesis::data {
namespace {

using Ids = std::vector<int32_t>;

/// The definition, word for word: slow, and on its own data structures.
Ids by_definition(const Vocabulary& vocabulary, const std::string& piece) {
  if (vocabulary.find(piece) != Vocabulary::kNone) return {vocabulary.find(piece)};
  std::vector<std::string> parts;
  for (const char c : piece) parts.emplace_back(1, c);
  while (true) {
    int32_t best = Vocabulary::kNone;
    size_t at = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const int32_t rank = vocabulary.find(parts[i] + parts[i + 1]);
      if (rank != Vocabulary::kNone && (best == Vocabulary::kNone || rank < best)) best = rank, at = i;
    }
    if (best == Vocabulary::kNone) break;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + ptrdiff_t(at) + 1);
  }
  Ids ids;
  for (const auto& part : parts) ids.push_back(vocabulary.find(part));
  return ids;
}

/// Any tokens over a few letters, so that ranks are not those of any training and merges overlap.
Vocabulary random_vocabulary(genesis::testing::RandomText& random, int letters, int size) {
  std::vector<std::string> tokens;
  for (const uint8_t byte : byte_order()) tokens.emplace_back(1, char(byte));
  while (int(tokens.size()) < 256 + size) {
    std::string token;
    for (size_t n = 2 + random.below(9); n > 0; --n) token += char('a' + random.below(size_t(letters)));
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  }
  return Vocabulary(tokens);
}

TEST(BytePairEncoder, EqualsTheDefinitionForAnyVocabulary) {
  genesis::testing::RandomText random(3);
  for (int round = 0; round < 40; ++round) {
    const int letters = 2 + round % 4;
    const Vocabulary vocabulary = random_vocabulary(random, letters, 60);
    const BytePairEncoder encoder(vocabulary);
    const auto fresh = BytePairEncoder::make_workspace();
    for (int i = 0; i < 60; ++i) {
      // Pieces short, at the change from scan to heap, and long.
      const size_t length = i < 40 ? 1 + random.below(40) : 185 + random.below(20);
      std::string piece;
      while (piece.size() < length) piece += char('a' + random.below(size_t(letters)));
      const Ids expected = by_definition(vocabulary, piece);
      for (int again = 0; again < 2; ++again) {  // the second time from the cache
        Ids ids;
        encoder.encode(piece, *fresh, ids);
        EXPECT_EQ(ids, expected) << piece;
      }
    }
  }
}

TEST(BytePairEncoder, MergesBelowALimit) {
  std::vector<std::string> tokens;
  for (const uint8_t byte : byte_order()) tokens.emplace_back(1, char(byte));
  for (const char* token : {"ab", "abc", "abcd"}) tokens.emplace_back(token);
  const Vocabulary vocabulary(tokens);
  const BytePairEncoder encoder(vocabulary);
  const auto workspace = BytePairEncoder::make_workspace();
  Ids halves;
  encoder.merge("abcd", 258, *workspace, halves);
  EXPECT_EQ(halves, (Ids{257, vocabulary.find("d")}));
}

TEST(BytePairEncoder, MillionEqualBytesInBoundedTime) {
  std::vector<std::string> tokens;
  for (const uint8_t byte : byte_order()) tokens.emplace_back(1, char(byte));
  for (size_t n = 2; n <= 128; n *= 2) tokens.emplace_back(n, 'a');
  const Vocabulary vocabulary(tokens);
  const BytePairEncoder encoder(vocabulary);
  const auto workspace = BytePairEncoder::make_workspace();
  Ids ids;
  const auto encode = [&] { encoder.encode(std::string(1000003, 'a'), *workspace, ids); };
  EXPECT_LT(genesis::testing::cpu_seconds_of(encode), 5);
  ASSERT_EQ(ids.size(), 1000003u / 128 + 3);  // 1000003 = 7812 x 128 + 64 + 2 + 1
  EXPECT_EQ(ids.back(), vocabulary.find("a"));
}

}  // namespace
}  // namespace genesis::data
