#include "data/tokenizer/nfc.h"

#include <gtest/gtest.h>

#include "tests/support/cpu_time.h"
#include "tests/support/random_text.h"

namespace genesis::data {
namespace {

std::string nfc(std::string_view text) {
  std::string buffer;
  return std::string(normalize_nfc(text, buffer));
}

// Expected values: unicodedata.normalize("NFC", ...) of Python.
TEST(Nfc, ComposesAndReorders) {
  EXPECT_EQ(nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(nfc("a\u0301\u0301"), "\u00e1\u0301");
  EXPECT_EQ(nfc("Vie\u0323\u0302t"), "Vi\u1ec7t");
  EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(nfc("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(nfc("\ud558\u11ab"), "\ud55c");
  EXPECT_EQ(nfc("\u212b"), "\u00c5");
  EXPECT_EQ(nfc("\u0344"), "\u0308\u0301");
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093c");
  EXPECT_EQ(nfc("\uf900x"), "\u8c48x");
  EXPECT_EQ(nfc("\u0f71\u0f72\u0f74"), "\u0f71\u0f72\u0f74");
  EXPECT_EQ(nfc("\U0001d15e"), "\U0001d157\U0001d165");
  EXPECT_EQ(nfc(">\u0338"), "\u226f");
  EXPECT_EQ(nfc("\ufb01\u00b2"), "\ufb01\u00b2");
}

TEST(Nfc, StableTextIsReturnedAsItIs) {
  const std::string text = "caf\u00e9 \u4e16\u754c \ud55c\uae00 \U0001f600";
  std::string buffer;
  EXPECT_EQ(normalize_nfc(text, buffer).data(), text.data());
}

TEST(Nfc, IsIdempotentAndIndependentOfCuts) {
  genesis::testing::RandomText random(2);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random.text(12), once = nfc(text);
    EXPECT_EQ(nfc(once), once);
    EXPECT_EQ(nfc(text + "\n" + text), once + "\n" + once);
  }
}

TEST(Nfc, LongRunsOfMarksTakeBoundedTime) {
  std::string marks;
  for (int i = 0; i < 500000; ++i) marks += i % 2 ? "\u0323" : "\u0301";
  const auto normalize = [&] {
    EXPECT_EQ(nfc("a" + marks).size(),
              marks.size() + 1);  // a with both marks is one character of three bytes
  };
  EXPECT_LT(genesis::testing::cpu_seconds_of(normalize), 5);
}

}  // namespace
}  // namespace genesis::data
