#include "models/generation/kv_cache.h"

#include <cstring>

namespace genesis::models {
namespace {

void copy_rows(const Array& from, const Array& to) {
  const int64_t bytes = to.numel() / std::max<int64_t>(1, to.dim(0)) * size_of(to.dtype());
  const int64_t stride = from.strides()[0] * size_of(from.dtype());
  for (int64_t r = 0; r < from.dim(0); ++r) {
    std::memcpy(static_cast<char*>(to.raw()) + r * bytes, static_cast<const char*>(from.raw()) + r * stride,
                size_t(bytes));
  }
}

}  // namespace

KvCache::KvCache(const QwenConfig& config, int64_t slots, int64_t capacity, DType dtype)
    : capacity_(capacity), length_(size_t(slots), 0) {
  GENESIS_CHECK(slots >= 0 && capacity >= 0 && slots * capacity < (int64_t(1) << 31), "a cache of ", slots,
                " texts of ", capacity, " tokens is too large");
  const QwenConfig c = config.resolved();
  for (int64_t layer = 0; layer < c.n_layer; ++layer) {
    keys_.push_back(Array::empty({slots * capacity, c.n_kv_head, c.head_dim}, dtype));
    values_.push_back(Array::empty({slots * capacity, c.n_kv_head, c.head_dim}, dtype));
  }
}

void KvCache::write(int64_t layer, int64_t slot, const Array& k, const Array& v) {
  const int64_t begin = slot * capacity_ + length(slot), count = k.dim(0);
  GENESIS_CHECK(length(slot) + count <= capacity_, "text ", slot, " has ", length(slot),
                " tokens in a cache of ", capacity_, "; there is no room for ", count, " more");
  GENESIS_CHECK(k.dtype() == keys(layer).dtype(), "the cache holds ", name_of(keys(layer).dtype()),
                ", the keys are ", name_of(k.dtype()));
  copy_rows(k, keys(layer).slice(0, begin, begin + count));
  copy_rows(v, values(layer).slice(0, begin, begin + count));
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
