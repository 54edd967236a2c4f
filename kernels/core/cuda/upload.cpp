#include "kernels/core/cuda/upload.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <exception>
#include <map>
#include <mutex>

#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/staging.h"
#include "kernels/core/memory.h"

namespace genesis::cuda {
namespace {

constexpr int64_t kLeastBytes = 512;

struct Block {
  Array room;         // u8 [a power of two] on the card
  Event free, there;  // the work that used it is done; the copy into it is
};

class Uploads {
 public:
  StreamHandle stream() const { return stream_.handle(); }

  Array copy(const void* src, int64_t bytes) {
    std::lock_guard lock(mutex_);
    const StreamHandle user = current_stream();
    std::shared_ptr<Block> block = take(int64_t(std::bit_ceil(uint64_t(std::max(bytes, kLeastBytes)))));
    block->free.make_wait(stream_.handle());
    ring_.copy(block->room.raw(), src, bytes, stream_.handle());
    block->there.record(stream_.handle());
    block->there.make_wait(user);
    void* data = block->room.raw();
    std::shared_ptr<void> owner(data, [this, user, block](void*) { give_back(block, user); });
    return Array::borrow(data, {bytes}, DType::u8, std::move(owner), Device::cuda);
  }

 private:
  std::shared_ptr<Block> take(int64_t bytes) {
    auto& idle = idle_[bytes];
    if (!idle.empty() && (made_bytes_ + bytes > kUploadBytes || idle.front()->free.reached())) {
      std::shared_ptr<Block> oldest = std::move(idle.front());
      idle.pop_front();
      return oldest;
    }
    const MemoryScope scope(MemoryCategory::workspace);
    auto block = std::make_shared<Block>();
    block->room = Array::empty({bytes}, DType::u8, Device::cuda);
    block->free.record(current_stream());  // whoever had this memory before
    made_bytes_ += bytes;
    return block;
  }

  void give_back(const std::shared_ptr<Block>& block, StreamHandle user) noexcept {
    try {
      if (is_recording()) return;  // a recording may read it whenever it runs
      block->free.record(user);
      std::lock_guard lock(mutex_);
      idle_[block->room.numel()].push_back(block);
    } catch (const std::exception&) {  // the card has failed: nothing is copied to it any more
    }
  }

  std::mutex mutex_;
  Stream stream_{Stream::Priority::high};
  StagingRing ring_;
  std::map<int64_t, std::deque<std::shared_ptr<Block>>> idle_;  // by size, the oldest first
  int64_t made_bytes_ = 0;
};

Uploads& uploads() {
  static auto* all = new Uploads;  // never destroyed: arrays of static lifetime outlive any order
  return *all;
}

}  // namespace

Array upload(const void* src, int64_t bytes) { return uploads().copy(src, bytes); }
StreamHandle upload_stream() { return uploads().stream(); }

}  // namespace genesis::cuda
