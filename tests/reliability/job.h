#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace genesis::reliability {

/// A program started by a test, with its output in a file. Killed, with its whole process group, when it is
/// still there at the end.
class Job {
 public:
  Job(const std::vector<std::string>& command, const std::filesystem::path& log);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Waits at most so long; the exit code (128 + signal when killed), or nothing while it runs.
  std::optional<int> wait(double seconds);
  void send(int signal, pid_t to) const;
  pid_t pid() const { return pid_; }
  /// Processes it started itself: under mpirun, the ranks of this host.
  std::vector<pid_t> children() const;

 private:
  pid_t pid_ = -1;
  std::optional<int> code_;
};

/// `mpirun -n RANKS genesis train CONFIG WORDS…`
std::vector<std::string> mpirun_train(const std::string& mpiexec, const std::string& program, int ranks,
                                      const std::filesystem::path& config,
                                      const std::vector<std::string>& words);

}  // namespace genesis::reliability
