#include "models/safetensors/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/core/error.h"

namespace genesis::models {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw CheckpointError("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  struct stat info {};
  const bool plain = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  void* mapped = nullptr;
  int error = 0;
  if (plain && info.st_size > 0) {
    mapped = ::mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) error = errno;
  }
  if (!plain || error) ::close(fd);
  if (!plain) throw CheckpointError("{}: not a plain file", path.string());
  if (error) throw CheckpointError("{}: cannot be mapped: {}", path.string(), std::strerror(error));
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);  // a hint: files are read from front to end
  descriptor_ = fd;
  data_ = static_cast<const char*>(mapped);
  size_ = info.st_size;
}

MappedFile::~MappedFile() {
  ::close(descriptor_);
  if (data_) ::munmap(const_cast<char*>(data_), size_t(size_));
}

void MappedFile::read_at(int64_t offset, void* target, int64_t count) const {
  char* to = static_cast<char*>(target);
  while (count > 0) {
    const ssize_t n = ::pread(descriptor_, to, size_t(count), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw CheckpointError("{}: cannot be read at byte {}: {}", path_.string(), offset,
                            n < 0 ? std::strerror(errno) : "the file has become shorter");
    to += n;
    offset += n;
    count -= n;
  }
}

}  // namespace genesis::models
