#include "data/tokenizer/utf8.h"

#include <gtest/gtest.h>

namespace genesis::data {
namespace {

using std::string_literals::operator""s;

// Expected values: bytes.decode("utf-8", "replace") of Python.
TEST(Utf8, ReplacesMaximalSubparts) {
  EXPECT_EQ(replace_invalid_utf8(""), "");
  EXPECT_EQ(replace_invalid_utf8("plain \xe4\xb8\x96"), "plain \u4e16");
  EXPECT_EQ(replace_invalid_utf8("a\x80z"), "a\ufffdz");
  EXPECT_EQ(replace_invalid_utf8("\xe4\xb8"), "\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xe4\xb8x"), "\ufffdx");
  EXPECT_EQ(replace_invalid_utf8("\xf0\x9f\x98"), "\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xf0\x80\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xc0\xaf"), "\ufffd\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xf5\xff"), "\ufffd\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xf1\x80\xc3\xa9"), "\ufffd\u00e9");
  EXPECT_EQ(replace_invalid_utf8("nul\0end"s), "nul\0end"s);
}

TEST(Utf8, ReadsBackEveryCodePoint) {
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string bytes;
    append_utf8(c, bytes);
    const Utf8Step step = read_utf8(bytes);
    ASSERT_TRUE(step.valid && step.code_point == c && step.length == int(bytes.size())) << c;
    const char* p = bytes.data();
    ASSERT_EQ(read_valid_utf8(p), c);
    ASSERT_EQ(p, bytes.data() + bytes.size());
    for (size_t n = 1; n < bytes.size(); ++n) {
      const Utf8Step part = read_utf8(std::string_view(bytes).substr(0, n));
      ASSERT_TRUE(part.truncated && part.length == int(n)) << c;
    }
  }
}

}  // namespace
}  // namespace genesis::data
