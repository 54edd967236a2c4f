#include "kernels/core/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/runtime.h"

namespace genesis::cuda {

char* StagingRing::room(int64_t bytes) {
  if (slots_[at_].data && filled_ + bytes <= kSlotBytes) return slots_[at_].data + filled_;
  at_ = (at_ + 1) % slots_.size();
  filled_ = 0;
  Slot& slot = slots_[at_];
  if (!slot.data) slot.data = static_cast<char*>(allocate_pinned(kSlotBytes));
  if (slot.used && !slot.done.reached()) slot.done.synchronize();
  return slot.data;
}

void StagingRing::copy(void* dst, const void* src, int64_t bytes, StreamHandle stream) {
  GENESIS_INVARIANT(!is_recording(),
                    "a copy to the card would be repeated with whatever the ring holds then");
  std::lock_guard lock(mutex_);
  for (int64_t done = 0; done < bytes;) {
    const int64_t part = std::min(bytes - done, kSlotBytes);
    char* pinned = room(part);
    std::memcpy(pinned, static_cast<const char*>(src) + done, size_t(part));
    GENESIS_CUDA(cudaMemcpyAsync(static_cast<char*>(dst) + done, pinned, size_t(part), cudaMemcpyHostToDevice,
                                 stream));
    slots_[at_].done.record(stream);
    slots_[at_].used = true;
    filled_ += (part + 63) / 64 * 64;
    done += part;
  }
}

void stage_to_card(void* dst, const void* src, int64_t bytes, StreamHandle stream) {
  static auto* ring = new StagingRing;  // never destroyed: copies may come after any static's end
  ring->copy(dst, src, bytes, stream);
}

}  // namespace genesis::cuda
