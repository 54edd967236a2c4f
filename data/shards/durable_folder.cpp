#include "data/shards/durable_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "kernels/core/error.h"

namespace genesis::data {
namespace fs = std::filesystem;
namespace {

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw DiskError("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0;
  }

 private:
  int fd_;
};

}  // namespace

void write_durable(const fs::path& path, std::string_view text) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(file.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw DiskError("{}: cannot be written: {}", path.string(), std::strerror(errno));
    done += size_t(n);
  }
  if (::fsync(file.get()) != 0 || !file.close())
    throw DiskError("{}: cannot be written: {}", path.string(), std::strerror(errno));
}

void sync_path(const fs::path& path) {
  Descriptor file(path, O_RDONLY);
  if (::fsync(file.get()) != 0 || !file.close())
    throw DiskError("{}: the disk does not take it: {}", path.string(), std::strerror(errno));
}

void publish_folder(const fs::path& from, const fs::path& to) {
  sync_path(from);
  std::error_code error;
  fs::remove_all(to, error);
  if (!error) fs::rename(from, to, error);
  if (error) throw DiskError("{}: cannot become {}: {}", from.string(), to.string(), error.message());
  sync_path(to.has_parent_path() ? to.parent_path() : fs::path("."));
}

std::string read_small_file(const fs::path& path, size_t most) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) throw DataError("{}: cannot be read: {}", path.string(), error.message());
  if (size > most) throw DataError("{}: has {} bytes, {} at most are expected", path.string(), size, most);
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || text.size() != size) throw DataError("{}: cannot be read", path.string());
  return text;
}

}  // namespace genesis::data
