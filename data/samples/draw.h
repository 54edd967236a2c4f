#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/core/rng.h"

namespace genesis::data::samples {

/// A sequence of random choices: words 0, 1, 2 … of one Philox stream.
///   The same (seed, stream) gives the same choices on every machine; no state is shared between records.
/// Determinism: bitwise.
class Draw {
 public:
  explicit Draw(RandomStream stream) : stream_(stream) {}

  /// Uniform in [0, n), n >= 1 (multiply-shift; the bias is below n / 2^32).
  uint32_t below(uint32_t n);
  /// Uniform in [low, high], both included.
  int between(int low, int high) { return low + int(below(uint32_t(high - low + 1))); }
  /// True `percent` times of a hundred.
  bool chance(uint32_t percent) { return below(100) < percent; }

  template <class Range>
  const auto& pick(const Range& choices) {
    return *(std::begin(choices) + below(uint32_t(std::size(choices))));
  }
  std::string_view pick(std::initializer_list<std::string_view> choices) {
    return *(choices.begin() + below(uint32_t(choices.size())));
  }

  /// Fisher-Yates, in place.
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(uint32_t(i))]);
  }

  /// `count` different elements of `choices`, in random order.
  template <class T, class Range>
  std::vector<T> sample(const Range& choices, size_t count) {
    std::vector<T> values(std::begin(choices), std::end(choices));
    shuffle(values);
    values.resize(count);
    return values;
  }

 private:
  RandomStream stream_;
  uint64_t next_ = 0;
};

}  // namespace genesis::data::samples
