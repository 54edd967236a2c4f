#pragma once
#include <cstring>
#include <vector>

#include "kernels/core/transfer.h"
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// Elements of one tensor that a block takes.
inline constexpr int64_t kListChunk = 16384;

/// A list of per-tensor entries (each with an int64_t first_block) on the card; one launch covers all
/// tensors.
template <class Entry>
class TensorList {
 public:
  void add(Entry entry, int64_t elements) {
    if (elements == 0) return;
    entry.first_block = blocks_;
    blocks_ += (elements + kListChunk - 1) / kListChunk;
    entries_.push_back(entry);
  }
  int64_t blocks() const { return blocks_; }
  int64_t size() const { return int64_t(entries_.size()); }
  const std::vector<Entry>& entries() const { return entries_; }
  /// The entries on the card; the copy is asynchronous.
  Array upload() const {
    MemoryScope scope(MemoryCategory::workspace);
    Array host = Array::empty({size() * int64_t(sizeof(Entry))}, DType::u8);
    std::memcpy(host.raw(), entries_.data(), size_t(host.nbytes()));
    return on_device(host, Device::cuda);
  }

 private:
  std::vector<Entry> entries_;
  int64_t blocks_ = 0;
};

/// The entry of this block: the last whose first_block is not behind it.
template <class Entry>
__device__ inline const Entry& entry_of_block(const Entry* entries, int64_t count) {
  int64_t low = 0, high = count - 1;
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    if (entries[middle].first_block <= int64_t(blockIdx.x))
      low = middle;
    else
      high = middle - 1;
  }
  return entries[low];
}

}  // namespace genesis::kernels::cuda
