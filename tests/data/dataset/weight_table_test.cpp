#include "data/dataset/weight_table.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"

namespace genesis::data {
namespace {

constexpr int32_t X = kIgnoredLabel;

TEST(WeightTable, CodesAreZeroOneAndWhatWasMet) {
  WeightTable table;
  EXPECT_EQ(table.code_of(0), 0);
  EXPECT_EQ(table.code_of(1), 1);
  EXPECT_EQ(table.code_of(0.5f), 2);
  EXPECT_EQ(table.code_of(2), 3);
  EXPECT_EQ(table.code_of(0.5f), 2);
  EXPECT_EQ(table.weight_of(3), 2);
  const std::vector<double> others(table.others().begin(), table.others().end());
  EXPECT_EQ(WeightTable(others).code_of(2), 3);
}

TEST(WeightTable, TokensWithoutLossHaveNoWeight) {
  WeightTable table;
  EXPECT_EQ(table.codes_of({.ids = {7, 8, 9}, .labels = {X, 8, 9}, .weights = {3, 1, 3}}),
            (std::vector<uint8_t>{0, 1, 2}));
  EXPECT_EQ(table.codes_of({{7, 8}, {7, X}}), (std::vector<uint8_t>{1, 0}));
}

TEST(WeightTable, RefusesWhatIsNoWeight) {
  for (const std::vector<double>& others : {std::vector<double>{1}, {0.0}, {-1}, {2, 2}, {1e300}})
    EXPECT_THROW(WeightTable{others}, DataError);
  WeightTable table;
  for (int i = 0; i < WeightTable::kMostOthers; ++i) table.code_of(2 + float(i));
  EXPECT_NE(testing::message_of<DataError>([&] { table.code_of(0.25f); }).find("more than 254"),
            std::string::npos);
  EXPECT_THROW(table.codes_of({.ids = {1}, .labels = {2}, .weights = {}}), Error);
  EXPECT_THROW(table.codes_of({.ids = {1, 2}, .labels = {1, 2}, .weights = {1}}), Error);
}

}  // namespace
}  // namespace genesis::data
