#include "trainer/config/scalar.h"

#include <gtest/gtest.h>

#include "trainer/config/suggest.h"

namespace genesis::trainer {
namespace {

TEST(Scalar, BooleansAreWordsInOneCase) {
  for (const char* text : {"true", "True", "TRUE", "yes", "On"}) EXPECT_EQ(parse_boolean(text), true) << text;
  for (const char* text : {"false", "False", "NO", "off"}) EXPECT_EQ(parse_boolean(text), false) << text;
  for (const char* text : {"", "tRUE", "1", "0", "y", "truee"}) EXPECT_FALSE(parse_boolean(text)) << text;
}

TEST(Scalar, NumbersAreTheWholeText) {
  EXPECT_EQ(parse_integer("+12"), 12);
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
  for (const char* text : {"", "+", "1.0", "1e3", "0x10", " 1", "1 ", "9223372036854775808"})
    EXPECT_FALSE(parse_integer(text)) << text;
  EXPECT_EQ(parse_real("1e-5"), 1e-5);
  EXPECT_EQ(parse_real("-.5"), -0.5);
  for (const char* text : {"", "inf", "nan", "1e999", "1,5", "1.5f"}) EXPECT_FALSE(parse_real(text)) << text;
}

TEST(Scalar, RealsReadBackToTheSameBits) {
  EXPECT_EQ(write_real(3), "3");
  EXPECT_EQ(write_real(1e-5), "1.0e-05");
  for (double x : {0.1, 1.0 / 3, 1e300, 5e-324, -2.5e-7}) EXPECT_EQ(parse_real(write_real(x)), x);
}

TEST(Scalar, TextsAreQuotedWhereTheyWouldMeanSomethingElse) {
  EXPECT_EQ(write_text("out/a-b_c.json"), "out/a-b_c.json");
  EXPECT_EQ(write_text("true"), "\"true\"");
  EXPECT_EQ(write_text("1e5"), "\"1e5\"");
  EXPECT_EQ(write_text("null"), "\"null\"");
  EXPECT_EQ(write_text("a: b"), "\"a: b\"");
  EXPECT_EQ(write_text(""), "\"\"");
}

TEST(Suggest, CountsSwapsAsOneEdit) {
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("seed", "sede"), 1);
  EXPECT_EQ(nearest("lerning_rate", {"seed", "learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest("zzz", {"seed", "learning_rate"}), "");
  EXPECT_EQ(did_you_mean("zzz", {"seed"}), "");
}

}  // namespace
}  // namespace genesis::trainer
