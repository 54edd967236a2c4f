#pragma once
#include <algorithm>
#include <vector>

#include "kernels/core/parallel_for.h"

namespace genesis::kernels {

/// Cuts a list of tensors into chunks of at most kElements, so that one parallel loop covers them all evenly.
///   The cut depends on the sizes alone: partial sums made per chunk are the same for any number of threads.
class Chunks {
 public:
  static constexpr int64_t kElements = 16384;

  void add(int64_t elements) {
    elements_.push_back(elements);
    first_.push_back(first_.back() + (elements + kElements - 1) / kElements);
  }
  int64_t count() const { return first_.back(); }
  /// Chunks of tensor i are [first(i), first(i + 1)).
  int64_t first(size_t tensor) const { return first_[tensor]; }

  /// Calls fn(chunk, tensor, begin, end) for every chunk, in parallel.
  template <class Fn>
  void for_each(Fn&& fn) const {
    parallel_for(count(), 1, [&](int64_t from, int64_t to) {
      for (int64_t chunk = from; chunk < to; ++chunk) {
        const size_t tensor =
            size_t(std::upper_bound(first_.begin(), first_.end(), chunk) - first_.begin()) - 1;
        const int64_t begin = (chunk - first_[tensor]) * kElements;
        fn(chunk, tensor, begin, std::min(begin + kElements, elements_[tensor]));
      }
    });
  }

 private:
  std::vector<int64_t> elements_;
  std::vector<int64_t> first_{0};
};

}  // namespace genesis::kernels
