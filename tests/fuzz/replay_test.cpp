// Every kept input of every target, without a fuzzer: what once was found stays found.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/target.h"

namespace genesis::fuzz {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double kSlowest = 20;  // s; the fuzzer's own bound is 1 s, machines that run tests are shared

class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, IsReadOrRefused) {
  const fs::path folder = fs::path(GENESIS_SOURCE_DIR) / "tests/fuzz/corpus" / GetParam().name;
  ASSERT_TRUE(fs::is_directory(folder)) << folder << ": a target has a corpus";
  int inputs = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    SCOPED_TRACE(entry.path().string());
    const auto start = Clock::now();
    EXPECT_NO_THROW(run_once(GetParam(), bytes));
    EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), kSlowest);
    ++inputs;
  }
  EXPECT_GT(inputs, 0) << folder << " is empty";
  run_once(GetParam(), {});
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(targets()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace genesis::fuzz
