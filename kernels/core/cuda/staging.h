#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include "kernels/core/cuda/stream.h"

namespace genesis::cuda {

/// Pinned buffers in a ring, through which host bytes go to the card: the caller's memory is free at once,
/// and the host does not wait for the card unless the ring is full. For one stream at a time.
class StagingRing {
 public:
  /// Errors: genesis::Error of the copy, and while the stream is being recorded.
  void copy(void* dst, const void* src, int64_t bytes, StreamHandle stream);

 private:
  struct Slot {
    char* data = nullptr;
    Event done;
    bool used = false;
  };
  static constexpr int64_t kSlotBytes = int64_t{4} << 20;
  static constexpr int kSlots = 4;
  char* room(int64_t bytes);

  std::mutex mutex_;
  std::vector<Slot> slots_{kSlots};  // taken round robin; a small copy fills the rest of the current slot
  size_t at_ = 0;
  int64_t filled_ = 0;
};

/// Through the process's ring of its compute stream.
void stage_to_card(void* dst, const void* src, int64_t bytes, StreamHandle stream);

}  // namespace genesis::cuda
