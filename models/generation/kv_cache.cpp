#include "models/generation/kv_cache.h"

#include "kernels/copy.h"
#include "kernels/core/run.h"

namespace genesis::models {
KvCache::KvCache(const QwenConfig& config, int64_t slots, int64_t capacity, DType dtype, Device device)
    : capacity_(capacity), length_(size_t(slots), 0) {
  GENESIS_CHECK(slots >= 0 && capacity >= 0 && slots * capacity < (int64_t(1) << 31), "a cache of ", slots,
                " texts of ", capacity, " tokens is too large");
  const QwenConfig c = config.resolved();
  for (int64_t layer = 0; layer < c.n_layer; ++layer) {
    keys_.push_back(Array::empty({slots * capacity, c.n_kv_head, c.head_dim}, dtype, device));
    values_.push_back(Array::empty({slots * capacity, c.n_kv_head, c.head_dim}, dtype, device));
  }
}

void KvCache::write(int64_t layer, int64_t slot, const Array& k, const Array& v) {
  const int64_t begin = slot * capacity_ + length(slot), count = k.dim(0);
  GENESIS_CHECK(length(slot) + count <= capacity_, "text ", slot, " has ", length(slot),
                " tokens in a cache of ", capacity_, "; there is no room for ", count, " more");
  GENESIS_CHECK(k.dtype() == keys(layer).dtype(), "the cache holds ", name_of(keys(layer).dtype()),
                ", the keys are ", name_of(k.dtype()));
  kernels::run(kernels::Copy{.src = k, .dst = keys(layer).slice(0, begin, begin + count)});
  kernels::run(kernels::Copy{.src = v, .dst = values(layer).slice(0, begin, begin + count)});
}

void KvCache::copy_text(int64_t slot, const KvCache& from, int64_t from_slot) {
  clear(slot);
  const int64_t begin = from_slot * from.capacity_, count = from.length(from_slot);
  for (int64_t layer = 0; layer < int64_t(keys_.size()); ++layer)
    write(layer, slot, from.keys(layer).slice(0, begin, begin + count),
          from.values(layer).slice(0, begin, begin + count));
  advance(slot, count);
}

void KvCache::advance(int64_t slot, int64_t count) { length_[size_t(slot)] += count; }

}  // namespace genesis::models
