// R6: the disk fills up during a save, at 20 different sizes, and the system's limit on the size of a file.
// The save fails and says how many bytes it needed and how many are free, the checkpoint before loads, and
// the run goes on to save again once there is room (on_save_error: warn) or stops with exit code 73 (abort).
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "kernels/core/log.h"
#include "tests/reliability/campaign.h"
#include "tests/reliability/quick_files.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

/// A disk of `room` bytes. As on a real one, the last write that fits partly is a short one.
class SmallDisk : public QuickFiles {
 public:
  explicit SmallDisk(int64_t room) : room_(room) {}
  int64_t write(int file, const void* data, int64_t bytes) override {
    if (room_ == 0) return -ENOSPC;
    const int64_t n = QuickFiles::write(file, data, std::min(bytes, room_));
    if (n > 0) room_ -= n;
    return n;
  }
  int64_t free_bytes(const std::string&) override { return told_ ? room_ : int64_t{1} << 50; }
  void tell_the_truth() { told_ = true; }
  void make_room() { room_ = int64_t{1} << 50; }

 private:
  int64_t room_;
  bool told_ = false;  // whether a save can know beforehand
};

bool has_bytes(const std::string& message) {
  return message.find("bytes needed") != std::string::npos && message.find("free") != std::string::npos;
}

void fill_disk(TinyState& state, const fs::path& folder, int64_t room, bool told, Cases& cases) {
  const std::string name = fmt::format("{} bytes of room{}", room, told ? ", known beforehand" : "");
  state.fill(1);
  state.save(folder, 1);
  const std::string before = state.digest();
  state.fill(2);
  SmallDisk disk(room);
  if (told) disk.tell_the_truth();
  auto saver = state.saver({.output_dir = folder, .keep = 0, .background = false, .files = &disk});
  saver.save(at_step(2));  // warn: it returns
  cases.expect(saver.published_step() == -1, name + ": published on a full disk");
  try {
    saver.require_saved(2);
    cases.expect(false, name + ": the last save of a run must be an error");
  } catch (const Error& e) {
    cases.expect(has_bytes(e.what()) && e.code() == ExitCode::disk, name + ": " + e.what());
  }
  TinyState loaded;
  cases.expect(loaded.load(folder, true) == 1 && loaded.digest() == before,
               name + ": the one before does not load");
  cases.expect(!fs::exists(folder / ".checkpoint-2.partial"), name + ": the space was not given back");
  disk.make_room();
  saver.save(at_step(3));
  saver.require_saved(3);
  cases.expect(loaded.load(folder, true) == 3 && loaded.digest() == state.digest(),
               name + ": no save afterwards");

  SmallDisk again(room);
  auto strict = state.saver({.output_dir = folder,
                             .keep = 0,
                             .on_error = trainer::OnSaveError::abort,
                             .background = false,
                             .files = &again});
  try {
    strict.save(at_step(4));
    cases.expect(false, name + ": abort went on");
  } catch (const Error& e) {
    cases.expect(e.code() == ExitCode::disk, name + ": " + e.what());
  }
}

/// A save under RLIMIT_FSIZE in a process of its own: 0 when all went as it should.
int limited_save(TinyState& state, const fs::path& folder, rlim_t limit) {
  const rlimit most{limit, limit};
  if (::setrlimit(RLIMIT_FSIZE, &most) != 0) return 2;
  auto saver = state.saver({.output_dir = folder, .keep = 0});
  saver.save(at_step(2));
  try {
    saver.require_saved(2);
  } catch (const Error& e) {
    return has_bytes(e.what()) && e.code() == ExitCode::disk ? 0 : 3;
  }
  return 4;
}

}  // namespace

Outcome run_R6(const Mode&) {
  set_log_rank(1);
  const testing::TempFolder temp;
  TinyState state;
  state.fill(1);
  state.save(temp / "whole", 1);
  int64_t size = 0;
  for (const auto& entry : fs::directory_iterator(temp / "whole" / "checkpoint-1"))
    size += int64_t(entry.file_size());
  Cases cases;
  constexpr int kSizes = 20;
  for (int i = 0; i < kSizes; ++i)
    fill_disk(state, temp / fmt::format("disk-{}", i), size * i / kSizes, i % 4 == 3, cases);
  state.save(temp / "limit", 1);
  int limits = 0;
  for (const rlim_t limit : {rlim_t{1}, rlim_t{512}, rlim_t{20000}}) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(limited_save(state, temp / "limit", limit));
    int status = 0;
    ::waitpid(child, &status, 0);
    ++limits;
    cases.expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                 fmt::format("RLIMIT_FSIZE {}: status {}", limit, status));
    cases.expect(TinyState().load(temp / "limit", true) == 1,
                 "after RLIMIT_FSIZE the one before does not load");
  }
  return {cases.good(), fmt::format("{} sizes of a disk, {} limits, {} checks{}", kSizes, limits,
                                    cases.count(), cases.failures())};
}

}  // namespace genesis::reliability
