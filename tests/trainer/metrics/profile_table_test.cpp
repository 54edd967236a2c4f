#include "trainer/metrics/profile_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace genesis::trainer {
namespace {

TEST(ProfileTable, ShowsSharesAndTheRest) {
  const std::vector<ProfileEntry> entries{{"matmul", 10, 3.0}, {"swiglu.forward", 4, 0.5}};
  const std::string table = profile_table(entries, 4.0);
  EXPECT_NE(table.find("75.0 %"), std::string::npos) << table;
  EXPECT_NE(table.find("12.5 %"), std::string::npos) << table;
  EXPECT_LT(table.find("matmul"), table.find("swiglu.forward"));
  EXPECT_NE(table.find("(everything else)"), std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
