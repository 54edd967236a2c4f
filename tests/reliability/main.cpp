// campaign [--full] [--only R4,R21] [--seed N]: runs the reliability tests and prints a line for each:
//   NAME | bar | measured | pass or FAIL | seconds
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <vector>

#include "kernels/core/log.h"
#include "tests/reliability/campaign.h"

namespace genesis::reliability {
namespace {

struct Test {
  const char* name;
  const char* bar;
  Outcome (*run)(const Mode&);
};

const Test kTests[] = {
#define GENESIS_RELIABILITY_TEST(name, bar) {#name, bar, run_##name},
#include "tests/reliability/test_list.h"
#undef GENESIS_RELIABILITY_TEST
};

Outcome run_guarded(const Test& test, const Mode& mode) {
  try {
    return test.run(mode);
  } catch (const std::exception& e) {
    return {false, std::string("broke off: ") + e.what()};
  }
}

int run_all(const Mode& mode, const std::vector<std::string>& only) {
  set_log_rank(1);  // what hundreds of provoked failures say is not for the reader
  int failed = 0;
  for (const Test& test : kTests) {
    if (!only.empty() && std::find(only.begin(), only.end(), test.name) == only.end()) continue;
    const auto begin = std::chrono::steady_clock::now();
    const Outcome outcome = run_guarded(test, mode);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{} | {} | {} | {} | {:.0f} s\n", test.name, test.bar, outcome.measured,
               outcome.pass ? "pass" : "FAIL", seconds);
    std::fflush(stdout);
    failed += !outcome.pass;
  }
  return failed;
}

}  // namespace
}  // namespace genesis::reliability

int main(int argc, char** argv) {
  using namespace genesis::reliability;
  CLI::App program("Failures made on purpose, and what Genesis makes of them");
  Mode mode;
  std::vector<std::string> only;
  program.add_flag("--full", mode.full,
                   "at the size of the bars (hours), not the part that fits every build");
  program.add_option("--only", only, "these tests alone")->delimiter(',');
  std::string sample;
  program.add_option("--write-format-sample", sample,
                     "only write the checkpoint of tests/reliability/format_1 anew");
  program.add_option("--seed", mode.seed, "of everything random");
  CLI11_PARSE(program, argc, argv);
  if (!sample.empty()) {
    write_format_sample(sample);
    return 0;
  }
  return run_all(mode, only) == 0 ? 0 : 1;
}
