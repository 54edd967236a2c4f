#pragma once
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <optional>
#include <string>

namespace genesis::testing {

/// The exit code of a job under mpirun, from what waitpid said of mpirun. Open MPI 4.1's mpirun can crash in
/// its own clean-up (in PMIx_server_finalize, seen once in some hundred aborted jobs): then what the first
/// rank that ended the job noted in `note` (GENESIS_EXIT_NOTE), else what mpirun had printed of the rank
/// before.
inline int job_code(int status, const std::string& note, const std::string& output) {
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code != 128 + SIGSEGV && code != 128 + SIGABRT) return code;
  int noted = 0;
  if (std::ifstream(note) >> noted) return noted;
  const auto number_after = [&](const std::string& key) -> std::optional<int> {
    const size_t at = output.rfind(key);
    return at == std::string::npos ? std::nullopt : std::optional(std::stoi(output.substr(at + key.size())));
  };
  if (const auto printed = number_after("Exit code:")) return *printed;
  if (const auto signal = number_after("exited on signal ")) return 128 + *signal;
  return code;
}

}  // namespace genesis::testing
