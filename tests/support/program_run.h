#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temp_folder.h"
#include "trainer/commands/program.h"

namespace genesis::testing {

struct ProgramRun {
  int code = 0;
  std::string out, err;
};

/// Runs `genesis WORDS...` in this process with `input` as its standard input.
inline ProgramRun run_genesis(const std::vector<std::string>& words, std::string_view input = {}) {
  const TempFolder folder;
  const int given = ::open(folder.write("stdin", input).c_str(), O_RDONLY), saved = ::dup(STDIN_FILENO);
  ::dup2(given, STDIN_FILENO);
  ::close(given);
  std::vector<const char*> argv{"genesis"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  ProgramRun run;
  run.code = trainer::run_program(int(argv.size()), argv.data());
  std::cout.flush();
  std::fflush(stdout);
  run.err = ::testing::internal::GetCapturedStderr();
  run.out = ::testing::internal::GetCapturedStdout();
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  return run;
}

}  // namespace genesis::testing
