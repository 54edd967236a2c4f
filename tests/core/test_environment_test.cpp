#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// What cmake/discover_tests.cmake asks of ctest. A program started by hand has the environment of its shell.
TEST(TestEnvironment, CtestSetsBothVariables) {
  if (variable("DASHBOARD_TEST_FROM_CTEST").empty()) return;
  EXPECT_EQ(variable("OMP_NUM_THREADS"), "2");
  EXPECT_EQ(variable("OMP_WAIT_POLICY"), "passive");
}

}  // namespace
