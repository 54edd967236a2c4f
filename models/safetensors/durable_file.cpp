#include "models/safetensors/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "kernels/core/error.h"

namespace genesis::models {

namespace fs = std::filesystem;

DurableFile::DurableFile(const fs::path& target) : target_(target) {
  temporary_ = target_;
  temporary_ += ".tmp-" + std::to_string(::getpid());
  fd_ = ::open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd_ < 0) fail("cannot be written", errno);
}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

DurableFile::~DurableFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void DurableFile::fail(const char* what, int error, int64_t bytes) const {
  if (error == ENOSPC || error == EDQUOT) {
    std::error_code ignored;
    const auto space =
        fs::space(target_.parent_path().empty() ? fs::path(".") : target_.parent_path(), ignored);
    throw DiskError("{}: {}: the disk is full ({} bytes needed, {} free)", target_.string(), what, bytes,
                    space.available);
  }
  throw DiskError("{}: {}: {}", target_.string(), what, std::strerror(error));
}

void DurableFile::reserve(int64_t bytes) {
  if (bytes == 0) return;
  const int error = ::posix_fallocate(fd_, 0, bytes);
  // Some file systems cannot reserve; the writes themselves will then tell.
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) fail("cannot be written", error, bytes);
}

void DurableFile::write_at(int64_t offset, const void* data, int64_t bytes) {
  const char* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::pwrite(fd_, p, size_t(bytes), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("cannot be written", n < 0 ? errno : ENOSPC, bytes);
    p += n;
    offset += n;
    bytes -= n;
  }
}

void DurableFile::publish() {
  if (::fsync(fd_) != 0) fail("cannot be synced to the disk", errno);
  if (::close(std::exchange(fd_, -1)) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    fail("cannot be closed", error);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    fail("cannot be renamed into place", error);
  }
  const fs::path folder = target_.parent_path().empty() ? fs::path(".") : target_.parent_path();
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) fail("its folder cannot be opened", errno);
  const int synced = ::fsync(dir), error = errno;
  ::close(dir);
  if (synced != 0) fail("its folder cannot be synced to the disk", error);
}

void write_text_file(const fs::path& target, std::string_view text) {
  DurableFile file(target);
  file.write_at(0, text.data(), int64_t(text.size()));
  file.publish();
}

}  // namespace genesis::models
