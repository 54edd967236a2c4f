#include "data/tokenizer/pretokenizer.h"

#include <gtest/gtest.h>

#include "tests/support/random_text.h"

namespace genesis::data {
namespace {

using Pieces = std::vector<std::string_view>;

Pieces cut(std::string_view text) { return Pretokenizer().pieces(text); }

TEST(Pretokenizer, Words) {
  EXPECT_EQ(cut(""), Pieces{});
  EXPECT_EQ(cut("Hello, world!"), (Pieces{"Hello", ",", " world", "!"}));
  EXPECT_EQ(cut("snake_case x"), (Pieces{"snake", "_case", " x"}));
  EXPECT_EQ(cut("\tx \u00a0y"), (Pieces{"\tx", " ", "\u00a0y"}));
  EXPECT_EQ(cut("\nx"), (Pieces{"\n", "x"}));
}

TEST(Pretokenizer, Contractions) {
  EXPECT_EQ(cut("I'll we'VE it'S"), (Pieces{"I", "'ll", " we", "'VE", " it", "'S"}));
  EXPECT_EQ(cut("x'\u017fy"), (Pieces{"x", "'\u017f", "y"}));
  EXPECT_EQ(cut("'sx"), (Pieces{"'s", "x"}));
  EXPECT_EQ(cut("'r 'l '"), (Pieces{"'r", " '", "l", " '"}));
  EXPECT_EQ(cut("don\u2019t"), (Pieces{"don", "\u2019t"}));
}

TEST(Pretokenizer, NumbersStandAlone) {
  EXPECT_EQ(cut("a12 3"), (Pieces{"a", "1", "2", " ", "3"}));
  EXPECT_EQ(cut("\u00bd\u0663\u2167"), (Pieces{"\u00bd", "\u0663", "\u2167"}));
}

TEST(Pretokenizer, PunctuationTakesOneSpaceBeforeAndLineEndsAfter) {
  EXPECT_EQ(cut(" ?!\r\n\nx"), (Pieces{" ?!\r\n\n", "x"}));
  EXPECT_EQ(cut("  ?x"), (Pieces{" ", " ?", "x"}));
  EXPECT_EQ(cut("\t?"), (Pieces{"\t", "?"}));
  EXPECT_EQ(cut("?!ab"), (Pieces{"?!", "ab"}));
  EXPECT_EQ(cut("?ab"), (Pieces{"?ab"}));
}

TEST(Pretokenizer, WhiteSpaceRuns) {
  EXPECT_EQ(cut("a   b"), (Pieces{"a", "  ", " b"}));
  EXPECT_EQ(cut("a   1"), (Pieces{"a", "  ", " ", "1"}));
  EXPECT_EQ(cut("a   "), (Pieces{"a", "   "}));
  EXPECT_EQ(cut("a \n \n  b"), (Pieces{"a", " \n \n", " ", " b"}));
  EXPECT_EQ(cut("\u3000\u3000\u4e16"), (Pieces{"\u3000", "\u3000\u4e16"}));
}

TEST(Pretokenizer, MarksControlsAndInvisiblesAreNeitherLetterNorSpace) {
  EXPECT_EQ(cut("a\u0323\u0302b"), (Pieces{"a", "\u0323\u0302", "b"}));
  EXPECT_EQ(cut("a\u0323b"), (Pieces{"a", "\u0323b"}));
  EXPECT_EQ(cut("\u200b\ufeff\u180e\x1c"), (Pieces{"\u200b\ufeff\u180e\x1c"}));
}

TEST(Pretokenizer, PiecesCoverTheText) {
  genesis::testing::RandomText random(1);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random.text(20);
    std::string joined;
    for (const auto piece : cut(text)) {
      EXPECT_FALSE(piece.empty());
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace genesis::data
