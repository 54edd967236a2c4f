#pragma once
#include <sys/wait.h>

#include <cstdio>
#include <string>

#include "kernels/core/check.h"

namespace genesis::testing {

/// What a shell command printed on both outputs, and how it ended (as waitpid says it).
struct CommandRun {
  std::string output;
  int status = 0;
  int code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }
};

inline CommandRun run_command(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "r");
  GENESIS_CHECK(pipe, "popen of ", command);
  CommandRun run;
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, pipe)) run.output.append(buffer, n);
  run.status = pclose(pipe);
  return run;
}

}  // namespace genesis::testing
