#include "trainer/files/new_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) throw DiskError("{}: cannot be opened: {}", folder.string(), std::strerror(errno));
  const int result = ::fsync(fd), error = errno;
  ::close(fd);
  if (result != 0) throw DiskError("{}: cannot be synced: {}", folder.string(), std::strerror(error));
}

}  // namespace

NewFolder::NewFolder(const fs::path& target) : target_(target.lexically_normal()) {
  if (!target_.has_filename()) target_ = target_.parent_path();  // "out/" names the folder "out"
  if (target_.empty()) throw ConfigError("the folder to write has no name");
  if (fs::exists(target_) && !(fs::is_directory(target_) && fs::is_empty(target_)))
    throw ConfigError("{}: exists already; nothing is overwritten", target_.string());
  temporary_ = target_;
  temporary_.replace_filename(fmt::format(".{}.partial-{}", target_.filename().string(), ::getpid()));
  std::error_code error;
  fs::create_directories(temporary_, error);
  if (error) throw DiskError("{}: cannot be made: {}", temporary_.string(), error.message());
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void NewFolder::publish() {
  sync_folder(temporary_);
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) throw DiskError("{}: cannot be published: {}", target_.string(), error.message());
  temporary_.clear();
  sync_folder(fs::absolute(target_).parent_path());
}

}  // namespace genesis::trainer
