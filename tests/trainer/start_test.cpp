#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

namespace genesis::trainer {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr double kSlower = 40;  // the sanitizers' own start-up
#else
constexpr double kSlower = 1;
#endif

int exit_code(const std::string& arguments) {
  const int status =
      std::system((std::string(GENESIS_PROGRAM) + " " + arguments + " >/dev/null 2>&1").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Processor time of all children so far, in milliseconds.
double children_ms() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto ms = [](const timeval& t) { return 1e3 * double(t.tv_sec) + 1e-3 * double(t.tv_usec); };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

// Time of the processor, and the least of several runs: a busy machine must not decide.
TEST(Start, AWrongConfigIsRefusedWithin50Milliseconds) {
  const std::string path = testing::TempDir() + "wrong-" + std::to_string(::getpid()) + ".yaml";
  std::ofstream(path) << "learning_rate: 1e-5\nlearning_rat: 1e-5\n";
  double least = 1e9;  // ms
  for (int i = 0; i < 10; ++i) {
    const double before = children_ms();
    ASSERT_EQ(exit_code("train " + path), 64);
    least = std::min(least, children_ms() - before);
  }
  EXPECT_LT(least, 50 * kSlower);
  RecordProperty("milliseconds", std::to_string(least));
}

}  // namespace
}  // namespace genesis::trainer
