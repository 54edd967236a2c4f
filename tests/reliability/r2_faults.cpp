// R2: every call that a save makes on the file system fails or is the last thing the process does. Each case
// is a save in a process of its own over a copy of the same folder; afterwards the old or the new checkpoint
// must load, and the new one if the save said that it was published.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/reliability/campaign.h"
#include "tests/reliability/quick_files.h"
#include "tests/reliability/saved_scenes.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

enum class Fault { none, kill_before, kill_after, io_error, disk_full, short_write, interrupted };
constexpr Fault kFaults[] = {Fault::kill_before, Fault::kill_after,  Fault::io_error,
                             Fault::disk_full,   Fault::short_write, Fault::interrupted};
constexpr const char* kNames[] = {"none",   "kill before", "kill after", "EIO",
                                  "ENOSPC", "short write", "EINTR"};

/// Lets call number `at` go wrong.
class FaultyFiles : public QuickFiles {
 public:
  FaultyFiles(int64_t at, Fault fault) : at_(at), fault_(fault) {}
  int64_t calls() const { return calls_; }

  int create(const std::string& p) override {
    return hit([&] { return QuickFiles::create(p); });
  }
  int sync(int f) override {
    return hit([&] { return QuickFiles::sync(f); });
  }
  int close(int f) override {
    const bool faulty = calls_ == at_ && fault_ != Fault::kill_before;
    if (faulty && fault_ != Fault::kill_after) QuickFiles::close(f);  // a failed close closes all the same
    return hit([&] { return QuickFiles::close(f); });
  }
  int make_folder(const std::string& p) override {
    return hit([&] { return QuickFiles::make_folder(p); });
  }
  int open_folder(const std::string& p) override {
    return hit([&] { return QuickFiles::open_folder(p); });
  }
  int rename(const std::string& a, const std::string& b) override {
    return hit([&] { return QuickFiles::rename(a, b); });
  }
  int exchange(const std::string& a, const std::string& b) override {
    return hit([&] { return QuickFiles::exchange(a, b); });
  }
  int remove_file(const std::string& p) override {
    return hit([&] { return QuickFiles::remove_file(p); });
  }
  int remove_folder(const std::string& p) override {
    return hit([&] { return QuickFiles::remove_folder(p); });
  }
  int64_t write(int f, const void* data, int64_t n) override {
    if (calls_ == at_ && fault_ == Fault::short_write) {
      ++calls_;
      return QuickFiles::write(f, data, std::max<int64_t>(1, n / 2));
    }
    return hit([&] { return QuickFiles::write(f, data, n); });
  }

 private:
  template <class Fn>
  auto hit(const Fn& call) -> decltype(call()) {
    if (calls_++ != at_) return call();
    switch (fault_) {
      case Fault::kill_before:
        ::kill(::getpid(), SIGKILL);
        return 0;
      case Fault::kill_after:
        call();
        ::kill(::getpid(), SIGKILL);
        return 0;
      case Fault::io_error:
        return -EIO;
      case Fault::disk_full:
        return -ENOSPC;
      case Fault::interrupted:
        return -EINTR;
      default:
        return call();
    }
  }

  int64_t at_, calls_ = 0;
  Fault fault_;
};

constexpr int kPublished = 10, kFailed = 11, kUnpublished = 12;

/// Saves step 2 (and removes step 1: keep 1). Returns kPublished or kFailed, and the calls made.
int save_with(TinyState& state, const fs::path& folder, FaultyFiles& files) {
  auto saver = state.saver({.output_dir = folder, .keep = 1, .background = false, .files = &files});
  try {
    saver.save_now(at_step(2));
  } catch (const Error&) {
    return kFailed;
  }
  return saver.published_step() == 2 ? kPublished : kUnpublished;
}

/// The same in a child process; its exit code, or 0 when it was killed.
int save_in_child(TinyState& state, const fs::path& folder, int64_t at, Fault fault) {
  const pid_t child = ::fork();
  if (child == 0) {
    FaultyFiles files(at, fault);
    ::_exit(save_with(state, folder, files));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

void try_all(const Scene& scene, TinyState& fresh, const testing::TempFolder& temp, Cases& cases,
             int64_t& calls) {
  const std::string after_digest = fresh.digest();
  const fs::path work = temp / "work";
  const auto reset = [&] {
    fs::remove_all(work);
    fs::copy(scene.folder, work, fs::copy_options::recursive);
  };
  reset();
  FaultyFiles counter(-1, Fault::none);
  cases.expect(save_with(fresh, work, counter) == kPublished, "a save without a fault");
  calls += counter.calls();
  TinyState loaded;
  for (int64_t n = 0; n < counter.calls(); ++n)
    for (const Fault fault : kFaults) {
      reset();
      const int code = save_in_child(fresh, work, n, fault);
      const std::string name = fmt::format("{}, call {}, {}", scene.name, n, kNames[int(fault)]);
      try {
        loaded.load(work);
        const std::string digest = loaded.digest();
        cases.expect(digest == after_digest || (digest == scene.before_digest && code != kPublished),
                     name + ": neither the old nor the new state");
      } catch (const Error& e) {
        cases.expect(false, name + ": " + e.what());
      }
    }
}

}  // namespace

Outcome run_R2(const Mode&) {
  const testing::TempFolder temp;
  TinyState state;
  const auto [first, again] = saved_scenes(state, temp.path());
  Cases cases;
  int64_t calls = 0;
  try_all(first, state, temp, cases, calls);
  try_all(again, state, temp, cases, calls);
  return {cases.good(),
          fmt::format("{} calls x 6 faults = {} saves{}", calls, cases.count() - 2, cases.failures())};
}

}  // namespace genesis::reliability
