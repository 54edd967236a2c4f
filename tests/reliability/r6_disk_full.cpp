// R6: the disk fills up during a save, at 20 different sizes, played by the file layer and, where this
// process may mount one, as a tmpfs; and the system's limit on the size of a file. The save fails and says
// how many bytes it needed and how many are free, the checkpoint before loads, and the run goes on to save
// again once there is room (on_save_error: warn) or stops with exit code 73 (abort).
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "tests/reliability/campaign.h"
#include "tests/reliability/quick_files.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

/// A disk that can be full and get room, and need not say beforehand how full it is.
struct Disk {
  trainer::FileLayer* files;
  std::function<void()> make_room;
};

/// The free space that a save looks at before it begins: 1 PiB unless the truth may be told.
constexpr int64_t kPlenty = int64_t{1} << 50;

/// A disk of `room` bytes. As on a real one, the last write that fits partly is a short one.
class SmallDisk : public QuickFiles {
 public:
  SmallDisk(int64_t room, bool told) : room_(room), told_(told) {}
  int64_t write(int file, const void* data, int64_t bytes) override {
    if (room_ == 0) return -ENOSPC;
    const int64_t n = QuickFiles::write(file, data, std::min(bytes, room_));
    if (n > 0) room_ -= n;
    return n;
  }
  int64_t free_bytes(const std::string&) override { return told_ ? room_ : kPlenty; }
  void make_room() { room_ = kPlenty; }

 private:
  int64_t room_;
  bool told_;  // whether a save can know beforehand
};

/// The system's calls, on a disk that may hide how full it is until a write fails.
class RealDisk : public trainer::FileLayer {
 public:
  explicit RealDisk(bool told) : told_(told) {}
  int64_t free_bytes(const std::string& path) override {
    return told_ || full_ ? FileLayer::free_bytes(path) : kPlenty;
  }
  int64_t write(int file, const void* data, int64_t bytes) override {
    const int64_t n = FileLayer::write(file, data, bytes);
    full_ = full_ || n == -ENOSPC;
    return n;
  }

 private:
  bool told_, full_ = false;
};

bool has_bytes(const std::string& message) {
  return message.find("bytes needed") != std::string::npos && message.find("free") != std::string::npos;
}

/// `fill`: makes the disk as full as it shall be, once a first checkpoint is there.
void save_on(const std::function<Disk()>& fill, TinyState& state, const fs::path& folder,
             const std::string& name, Cases& cases) {
  state.fill(1);
  state.save(folder, 1);
  const std::string before = state.digest();
  state.fill(2);
  const Disk disk = fill();
  auto saver = state.saver({.output_dir = folder, .keep = 0, .background = false, .files = disk.files});
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

  const Disk again = fill();
  auto strict = state.saver({.output_dir = folder,
                             .keep = 0,
                             .on_error = trainer::OnSaveError::abort,
                             .background = false,
                             .files = again.files});
  try {
    strict.save(at_step(4));
    cases.expect(false, name + ": abort went on");
  } catch (const Error& e) {
    cases.expect(e.code() == ExitCode::disk, name + ": " + e.what());
  }
}

void save_on_small_disk(TinyState& state, const fs::path& folder, int64_t room, bool told, Cases& cases) {
  std::vector<std::unique_ptr<SmallDisk>> disks;
  const auto fill = [&] {
    SmallDisk* disk = disks.emplace_back(std::make_unique<SmallDisk>(room, told)).get();
    return Disk{disk, [disk] { disk->make_room(); }};
  };
  save_on(fill, state, folder, fmt::format("{} bytes of room{}", room, told ? ", known beforehand" : ""),
          cases);
}

/// A tmpfs in a mount namespace of this process, with which it goes. Throws Error where that is not allowed.
class Tmpfs {
 public:
  explicit Tmpfs(const fs::path& folder) : folder_(folder) {
    need(::unshare(CLONE_NEWNS), "unshare");
    need(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
    need(::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=16m"), "mount");
  }
  /// Leaves `bytes` free, rounded up to a page.
  void leave(int64_t bytes) const {
    const auto space = fs::space(folder_);
    resize(int64_t(space.capacity - space.free) + bytes);
  }
  void resize(int64_t bytes) const {
    need(::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, fmt::format("size={}", bytes).c_str()),
         "remount");
  }

 private:
  static void need(int status, const char* what) {
    if (status != 0) throw Error(fmt::format("{}: {}", what, std::strerror(errno)));
  }
  fs::path folder_;
};

constexpr int kSizes = 20;

/// All sizes on a tmpfs.
void save_on_tmpfs(const Tmpfs& tmpfs, TinyState& state, const fs::path& folder, int64_t size, Cases& cases) {
  for (int i = 0; i < kSizes; ++i) {
    RealDisk disk(i % 4 == 3);
    const auto fill = [&] {
      tmpfs.leave(size * i / kSizes);
      return Disk{&disk, [&] { tmpfs.resize(int64_t{16} << 20); }};
    };
    const fs::path output = folder / fmt::format("disk-{}", i);
    tmpfs.resize(int64_t{16} << 20);
    save_on(fill, state, output, fmt::format("tmpfs with {} bytes free", size * i / kSizes), cases);
    tmpfs.resize(int64_t{16} << 20);
    fs::remove_all(output);
  }
}

/// What became of it: the number of checks, or why there is no tmpfs here.
std::string tmpfs_answer(TinyState& state, const fs::path& folder, int64_t size) {
  std::unique_ptr<Tmpfs> tmpfs;
  try {
    tmpfs = std::make_unique<Tmpfs>(folder);
  } catch (const Error& e) {
    return fmt::format("tmpfs SKIPPED, not allowed here ({})", e.what());
  }
  Cases cases;
  try {
    save_on_tmpfs(*tmpfs, state, folder, size, cases);
  } catch (const std::exception& e) {
    cases.expect(false, e.what());
  }
  return cases.good() ? fmt::format("{} sizes of a tmpfs, {} checks", kSizes, cases.count())
                      : "FAILED" + cases.failures();
}

/// The same in a process of its own.
std::string try_tmpfs(TinyState& state, const testing::TempFolder& temp, int64_t size, Cases& cases) {
  const fs::path folder = temp / "tmpfs", answer = temp / "answer";
  fs::create_directories(folder);
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream(answer) << tmpfs_answer(state, folder, size);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  std::ifstream in(answer);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  cases.expect(!text.empty() && !text.starts_with("FAILED"), "tmpfs: " + text);
  return text;
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
  const testing::TempFolder temp;
  TinyState state;
  state.fill(1);
  state.save(temp / "whole", 1);
  int64_t size = 0;
  for (const auto& entry : fs::directory_iterator(temp / "whole" / "checkpoint-1"))
    size += int64_t(entry.file_size());
  Cases cases;
  for (int i = 0; i < kSizes; ++i)
    save_on_small_disk(state, temp / fmt::format("disk-{}", i), size * i / kSizes, i % 4 == 3, cases);
  const std::string on_tmpfs = try_tmpfs(state, temp, size, cases);
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
  return {cases.good(), fmt::format("{} sizes of a disk, {} limits, {} checks; {}{}", kSizes, limits,
                                    cases.count(), on_tmpfs, cases.failures())};
}

}  // namespace genesis::reliability
