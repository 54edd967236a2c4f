#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace genesis::parallel {

/// Zeroed memory that other processes of this host can map. Nameless (a memfd): it ends with its last
/// mapping, however the processes end, and it needs no room in /dev/shm. Move-only.
class SharedSegment {
 public:
  /// How another process finds a segment.
  struct Address {
    int64_t process = 0;
    int64_t descriptor = -1;
    int64_t bytes = 0;
    uint64_t nonce = 0;  ///< also stands in the segment, so that a wrong one is noticed
  };

  /// Errors: genesis::Error with the system's reason.
  static SharedSegment create(int64_t bytes);
  /// Nothing when that process is not on this host or does not let us in.
  static std::optional<SharedSegment> open(const Address& address);

  SharedSegment(SharedSegment&& other) noexcept;
  SharedSegment& operator=(SharedSegment&& other) noexcept;
  ~SharedSegment();

  std::byte* data() const { return base_ + kHeader; }  ///< [bytes()], aligned to 4096
  int64_t bytes() const { return mapped_ - kHeader; }
  const Address& address() const { return address_; }
  /// No further process needs to find it.
  void close_descriptor();

 private:
  static constexpr int64_t kHeader = 4096;  // holds the nonce; keeps data() page-aligned
  SharedSegment() = default;

  std::byte* base_ = nullptr;
  int64_t mapped_ = 0;
  int descriptor_ = -1;
  Address address_;
};

}  // namespace genesis::parallel
