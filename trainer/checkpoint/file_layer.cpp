#include "trainer/checkpoint/file_layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace genesis::trainer {
namespace {

int result_of(int status) { return status < 0 ? -errno : status; }

}  // namespace

int FileLayer::create(const std::string& path) {
  return result_of(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
}

int64_t FileLayer::write(int file, const void* data, int64_t bytes) {
  const ssize_t n = ::write(file, data, size_t(bytes));
  return n < 0 ? -errno : n;
}

int FileLayer::sync(int file) { return result_of(::fsync(file)); }
int FileLayer::close(int file) { return result_of(::close(file)); }
int FileLayer::make_folder(const std::string& path) { return result_of(::mkdir(path.c_str(), 0755)); }

int FileLayer::open_folder(const std::string& path) {
  return result_of(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int FileLayer::rename(const std::string& from, const std::string& to) {
  return result_of(std::rename(from.c_str(), to.c_str()));
}

int FileLayer::exchange(const std::string& a, const std::string& b) {
  return result_of(::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE));
}

int FileLayer::remove_file(const std::string& path) { return result_of(::unlink(path.c_str())); }
int FileLayer::remove_folder(const std::string& path) { return result_of(::rmdir(path.c_str())); }

int64_t FileLayer::free_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return -errno;
  return int64_t(info.f_bavail) * int64_t(info.f_frsize);
}

FileLayer& system_files() {
  static FileLayer files;
  return files;
}

}  // namespace genesis::trainer
