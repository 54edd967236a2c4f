#include "models/safetensors/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/core/error.h"

namespace genesis::models {

MappedFile::MappedFile(const std::filesystem::path& path) {
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
  ::close(fd);
  if (!plain) throw CheckpointError("{}: not a plain file", path.string());
  if (error) throw CheckpointError("{}: cannot be mapped: {}", path.string(), std::strerror(error));
  data_ = static_cast<const char*>(mapped);
  size_ = info.st_size;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<char*>(data_), size_t(size_));
}

namespace {

#ifndef MADV_POPULATE_READ
constexpr int MADV_POPULATE_READ =
    22;  // Linux 5.14; older kernels refuse it, and reading faults page by page
#endif

void advise(std::string_view part, int advice) {
  static const auto page = uintptr_t(::sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(part.data()) & ~(page - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(part.data()) + part.size();
  if (!part.empty()) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

}  // namespace

void MappedFile::will_read(std::string_view part) const { advise(part, MADV_POPULATE_READ); }
void MappedFile::was_read(std::string_view part) const { advise(part, MADV_DONTNEED); }

}  // namespace genesis::models
