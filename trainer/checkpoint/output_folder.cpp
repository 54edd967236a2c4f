#include "trainer/checkpoint/output_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "kernels/core/error.h"
#include "kernels/core/log.h"
#include "trainer/checkpoint/new_file.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

std::string host_and_process() {
  char host[256] = "?";
  ::gethostname(host, sizeof host - 1);
  return fmt::format("process {} on {}", ::getpid(), host);
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

void check_file_system(FileLayer& files, const fs::path& folder) {
  const fs::path probe = folder / fmt::format(".probe-{}", ::getpid());
  remove_tree(files, probe);
  const auto need = [&](const char* what, int status) {
    if (status < 0)
      throw DiskError("{}: no checkpoint is safe on this file system: {}: {}", folder.string(), what,
                      std::strerror(-status));
  };
  try {
    need("a folder cannot be made", files.make_folder(probe.string()));
    need("a folder cannot be made", files.make_folder((probe / "partial").string()));
    write_new_file(files, probe / "partial" / "a", "new");
    write_new_file(files, probe / "partial" / "b", "old");
    need("a file cannot replace another by rename",
         files.rename((probe / "partial" / "a").string(), (probe / "partial" / "b").string()));
    sync_folder(files, probe / "partial");
    need("a folder cannot be renamed", files.rename((probe / "partial").string(), (probe / "done").string()));
    if (text_of(probe / "done" / "b") != "new" || fs::exists(probe / "done" / "a") ||
        fs::exists(probe / "partial"))
      need("rename does not do what POSIX says", -EIO);
    sync_folder(files, probe);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(probe, ignored);
    throw;
  }
  remove_tree(files, probe);
}

OutputFolder::OutputFolder(const fs::path& path, FileLayer& files) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw DiskError("output_dir {}: cannot be made: {}", path.string(), error.message());
  const fs::path lock = path / ".lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw DiskError("{}: cannot be opened: {}", lock.string(), std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    if (reason == EWOULDBLOCK) {
      ::close(lock_);
      throw ConfigError("output_dir {}: another job is writing here ({}); give each job a folder of its own",
                        path.string(), text_of(lock));
    }
    warn("output_dir {} cannot be locked ({}): see to it that no other job writes there", path.string(),
         std::strerror(reason));
  }
  const std::string holder = host_and_process() + "\n";
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, holder.data(), holder.size(), 0) < 0)
    warn("{}: cannot be written: {}", lock.string(), std::strerror(errno));
  try {
    check_file_system(files, path);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

OutputFolder::~OutputFolder() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace genesis::trainer
