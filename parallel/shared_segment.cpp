#include "parallel/shared_segment.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "kernels/core/check.h"

namespace genesis::parallel {

SharedSegment SharedSegment::create(int64_t bytes) {
  SharedSegment s;
  s.mapped_ = bytes + kHeader;
  s.descriptor_ = memfd_create("genesis", MFD_CLOEXEC);
  GENESIS_CHECK(s.descriptor_ >= 0, "shared memory of ", bytes, " bytes: ", std::strerror(errno));
  GENESIS_CHECK(ftruncate(s.descriptor_, s.mapped_) == 0, "shared memory of ", bytes,
                " bytes: ", std::strerror(errno));
  void* p = mmap(nullptr, size_t(s.mapped_), PROT_READ | PROT_WRITE, MAP_SHARED, s.descriptor_, 0);
  GENESIS_CHECK(p != MAP_FAILED, "mapping shared memory of ", bytes, " bytes: ", std::strerror(errno));
  s.base_ = static_cast<std::byte*>(p);
  std::random_device random;
  s.address_ = {getpid(), s.descriptor_, bytes, (uint64_t(random()) << 32) | random()};
  std::memcpy(s.base_, &s.address_.nonce, sizeof(uint64_t));
  return s;
}

std::optional<SharedSegment> SharedSegment::open(const Address& address) {
  SharedSegment s;
  s.address_ = address;
  s.mapped_ = address.bytes + kHeader;
  s.descriptor_ =
      ::open(fmt::format("/proc/{}/fd/{}", address.process, address.descriptor).c_str(), O_RDWR | O_CLOEXEC);
  struct stat info {};
  if (s.descriptor_ < 0 || fstat(s.descriptor_, &info) != 0 || info.st_size != s.mapped_) return std::nullopt;
  void* p = mmap(nullptr, size_t(s.mapped_), PROT_READ | PROT_WRITE, MAP_SHARED, s.descriptor_, 0);
  if (p == MAP_FAILED) return std::nullopt;
  s.base_ = static_cast<std::byte*>(p);
  s.close_descriptor();
  uint64_t nonce = 0;
  std::memcpy(&nonce, s.base_, sizeof nonce);
  if (nonce != address.nonce) return std::nullopt;  // the same numbers in another container
  return s;
}

SharedSegment::SharedSegment(SharedSegment&& other) noexcept { *this = std::move(other); }

SharedSegment& SharedSegment::operator=(SharedSegment&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(mapped_, other.mapped_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(address_, other.address_);
  return *this;
}

SharedSegment::~SharedSegment() {
  if (base_) munmap(base_, size_t(mapped_));
  close_descriptor();
}

void SharedSegment::close_descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

}  // namespace genesis::parallel
