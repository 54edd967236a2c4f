#include "kernels/core/cuda/staging.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/runtime.h"

namespace genesis::cuda {
namespace {

constexpr int64_t kSlotBytes = int64_t{4} << 20;
constexpr int kSlots = 4;

/// Slots are taken round robin; a small copy fills the rest of the current slot.
struct Ring {
  struct Slot {
    char* data = nullptr;
    Event done;
    bool used = false;
  };
  std::mutex mutex;
  std::vector<Slot> slots{kSlots};
  size_t at = 0;
  int64_t filled = 0;

  char* room(int64_t bytes) {
    if (slots[at].data && filled + bytes <= kSlotBytes) return slots[at].data + filled;
    at = (at + 1) % slots.size();
    filled = 0;
    Slot& slot = slots[at];
    if (!slot.data) slot.data = static_cast<char*>(allocate_pinned(kSlotBytes));
    if (slot.used) slot.done.synchronize();
    return slot.data;
  }
};

Ring& ring() {
  static Ring* instance = new Ring;
  return *instance;
}

}  // namespace

void stage_to_card(void* dst, const void* src, int64_t bytes, StreamHandle stream) {
  GENESIS_INVARIANT(!is_recording(),
                    "a copy to the card would be repeated with whatever the ring holds then");
  Ring& r = ring();
  std::lock_guard lock(r.mutex);
  for (int64_t done = 0; done < bytes;) {
    const int64_t part = std::min(bytes - done, kSlotBytes);
    char* pinned = r.room(part);
    std::memcpy(pinned, static_cast<const char*>(src) + done, size_t(part));
    GENESIS_CUDA(cudaMemcpyAsync(static_cast<char*>(dst) + done, pinned, size_t(part), cudaMemcpyHostToDevice,
                                 stream));
    r.slots[r.at].done.record(stream);
    r.slots[r.at].used = true;
    r.filled += (part + 63) / 64 * 64;
    done += part;
  }
}

}  // namespace genesis::cuda
