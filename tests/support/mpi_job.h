#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/job_code.h"
#include "tests/support/temp_folder.h"

namespace genesis::testing {

/// A job under mpirun that a test watches from outside. Whatever is left of it ends with this object.
class MpiJob {
 public:
  /// `words`: what follows `mpirun --allow-run-as-root --oversubscribe --bind-to none`. `set`: NAME=VALUE.
  explicit MpiJob(const std::vector<std::string>& words, const std::vector<std::string>& set = {}) {
    std::vector<std::string> all{"mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"};
    all.insert(all.end(), words.begin(), words.end());
    process_ = ::fork();
    if (process_ == 0) {
      ::setpgid(0, 0);
      for (const std::string& s : set) ::putenv(::strdup(s.c_str()));
      ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
      ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
      ::setenv("OMP_NUM_THREADS", "1", 1);
      ::setenv("OMP_WAIT_POLICY", "passive", 1);
      ::setenv("GENESIS_EXIT_NOTE", note_file().c_str(), 1);
      const int out = ::open(output_file().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      std::vector<char*> argv;
      for (std::string& word : all) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
  }
  ~MpiJob() {
    if (code_ >= 0) return;
    for (const auto& [rank, process] : ranks()) ::kill(process, SIGKILL);
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  MpiJob(const MpiJob&) = delete;
  MpiJob& operator=(const MpiJob&) = delete;

  /// Processes by rank, as far as they have started.
  std::map<int, int> ranks() const {
    std::map<int, int> found;
    std::ifstream children("/proc/" + std::to_string(process_) + "/task/" + std::to_string(process_) +
                           "/children");
    for (int child; children >> child;) {
      std::ifstream in("/proc/" + std::to_string(child) + "/environ");
      const std::string name = "OMPI_COMM_WORLD_RANK=";
      for (std::string entry; std::getline(in, entry, '\0');)
        if (entry.starts_with(name)) found[std::stoi(entry.substr(name.size()))] = child;
    }
    return found;
  }

  std::string output() const {
    std::ifstream in(output_file());
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  /// Waits until `condition` holds. False when it did not within `seconds`, or the job ended first.
  bool wait_until(const std::function<bool()>& condition, double seconds = 60) {
    const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < limit) {
      if (condition()) return true;
      if (ended()) return condition();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  /// Waits for the end. Returns job_code, or -1 when mpirun is still there after `seconds`.
  int wait(double seconds) {
    const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
    while (!ended() && Clock::now() < limit) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return code_;
  }

  /// The exit code that the first rank to end the job left; -1: none.
  int noted() const {
    int code = -1;
    std::ifstream(note_file()) >> code;
    return code;
  }

  /// Sends a signal to mpirun, unless it has ended.
  void signal(int number) {
    if (!ended()) ::kill(process_, number);
  }

  bool ended() {
    int status = 0;
    if (code_ < 0 && ::waitpid(process_, &status, WNOHANG) == process_)
      code_ = job_code(status, note_file().string(), output());
    return code_ >= 0;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::filesystem::path output_file() const { return folder_ / "output"; }
  std::filesystem::path note_file() const { return folder_ / "exit"; }

  TempFolder folder_;
  int process_ = -1, code_ = -1;
};

/// Whether a process runs or could run again (a stopped one does, one that ended and was not collected does
/// not).
inline bool process_is_there(int process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return false;
  const size_t end = text.rfind(')');
  return end != std::string::npos && text.size() > end + 2 && text[end + 2] != 'Z';
}

/// How a job ended that a test has harmed.
struct JobEnd {
  int code = -1;       ///< job_code; -1: mpirun was still there
  double seconds = 0;  ///< from the harm to the end
  int left = 0;        ///< processes of ranks that are still there
  std::string output;

  bool says(const std::string& part) const { return output.find(part) != std::string::npos; }
};

/// Waits for the end of a job, at most `limit` seconds.
inline JobEnd end_of(MpiJob& job, double limit) {
  const auto ranks = job.ranks();
  const auto begin = std::chrono::steady_clock::now();
  JobEnd e;
  e.code = job.wait(limit);
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  e.output = job.output();
  // mpirun returns when it has sent the signals; the kernel takes a moment to end a busy process.
  for (int attempt = 0; attempt < 100; ++attempt) {
    e.left = 0;
    for (const auto& [rank, process] : ranks) e.left += process_is_there(process);
    if (e.left == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return e;
}

}  // namespace genesis::testing
