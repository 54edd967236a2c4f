#pragma once
#include <algorithm>
#include <vector>

#include "kernels/core/array.h"
#include "models/config/qwen_config.h"

namespace genesis::models {

/// Keys and values of texts that are being continued. Each text owns a slot of `capacity` tokens.
/// Shapes: keys(layer), values(layer) [slots * capacity, K, d]; slot s begins at row s * capacity.
class KvCache {
 public:
  KvCache(const QwenConfig& config, int64_t slots, int64_t capacity, DType dtype, Device device = Device::cpu);

  int64_t slots() const { return int64_t(length_.size()); }
  int64_t capacity() const { return capacity_; }
  /// Tokens held of a text.
  int64_t length(int64_t slot) const { return length_[size_t(slot)]; }
  const Array& keys(int64_t layer) const { return keys_[size_t(layer)]; }
  const Array& values(int64_t layer) const { return values_[size_t(layer)]; }

  /// Copies `count` rows of k and v [count, K, d] (rows may be apart) behind a text's tokens; length() stays.
  /// Errors: genesis::Error when the slot is full.
  void write(int64_t layer, int64_t slot, const Array& k, const Array& v);
  /// The text has `count` tokens more, in every layer.
  void advance(int64_t slot, int64_t count);
  /// Forgets a text.
  void clear(int64_t slot) { length_[size_t(slot)] = 0; }
  /// Keeps the first `length` tokens of a text at most.
  void truncate(int64_t slot, int64_t length) {
    length_[size_t(slot)] = std::min(length_[size_t(slot)], length);
  }
  /// Takes the tokens that a slot of another cache of the same model holds in place of its own.
  /// Errors: genesis::Error when they do not fit.
  void copy_text(int64_t slot, const KvCache& from, int64_t from_slot);

 private:
  int64_t capacity_;
  std::vector<int64_t> length_;       // [slots]
  std::vector<Array> keys_, values_;  // [layers] of [slots * capacity, K, d]
};

}  // namespace genesis::models
