#include "tests/reliability/job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "kernels/core/check.h"

namespace genesis::reliability {

namespace fs = std::filesystem;

Job::Job(const std::vector<std::string>& command, const fs::path& log) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  GENESIS_CHECK(pid_ >= 0, "fork failed");
  if (pid_ > 0) return;
  ::setpgid(0, 0);
  const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

Job::~Job() {
  if (code_) return;
  ::kill(-pid_, SIGKILL);
  for (const pid_t child : children()) ::kill(child, SIGKILL);
  wait(10);
}

std::optional<int> Job::wait(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (!code_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (Clock::now() >= end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return code_;
}

void Job::send(int signal, pid_t to) const { ::kill(to, signal); }

std::vector<pid_t> Job::children() const {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream in(entry.path() / "stat");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const size_t after_name = text.rfind(')');
    if (after_name == std::string::npos) continue;
    std::istringstream fields(text.substr(after_name + 1));
    char state = 0;
    pid_t parent = 0;
    fields >> state >> parent;
    if (parent == pid_ && state != 'Z') found.push_back(pid_t(std::stol(name)));
  }
  return found;
}

std::vector<std::string> mpirun_train(const std::string& mpiexec, const std::string& program, int ranks,
                                      const fs::path& config, const std::vector<std::string>& words) {
  std::vector<std::string> command{
      mpiexec, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
      "-n",    std::to_string(ranks), program,           "train",     config.string()};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

}  // namespace genesis::reliability
