#pragma once
#include <array>
#include <vector>

#include "kernels/core/array.h"
#include "kernels/core/parallel_for.h"

namespace genesis::kernels {

/// Walks K arrays of one shape together, whatever their strides (0 repeats).
///   Dimensions that follow each other in memory in every array are merged, so contiguous arrays become one
///   run.
template <int K>
class StridedWalk {
 public:
  StridedWalk(const Shape& shape, const std::array<Shape, K>& strides) {
    for (size_t d = shape.size(); d-- > 0;) {
      if (shape[d] == 1) continue;
      std::array<int64_t, K> step;
      bool follows = !extents_.empty();
      for (size_t k = 0; k < K; ++k) {
        step[k] = strides[k][d];
        if (follows) follows = step[k] == strides_.back()[k] * extents_.back();
      }
      if (follows) {
        extents_.back() *= shape[d];
      } else {
        extents_.push_back(shape[d]);
        strides_.push_back(step);
      }
    }
    if (extents_.empty()) {
      extents_.push_back(1);
      strides_.push_back({});
    }
  }

  /// Steps from one element of a run to the next.
  const std::array<int64_t, K>& steps() const { return strides_.front(); }

  /// Calls fn(offsets, n) in parallel for runs of n elements that lie steps() apart from offsets on; together
  /// they cover all.
  template <class Fn>
  void for_each_run(Fn&& fn) const {
    constexpr int64_t kRun = 16384;
    const int64_t inner = extents_.front(), pieces = (inner + kRun - 1) / kRun;
    int64_t outer = 1;
    for (size_t d = 1; d < extents_.size(); ++d) outer *= extents_[d];
    parallel_for(outer * pieces, std::max<int64_t>(1, kRun / std::max<int64_t>(1, inner)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t task = begin; task < end; ++task) {
                     std::array<int64_t, K> offsets{};
                     int64_t rest = task / pieces;
                     for (size_t d = 1; d < extents_.size(); ++d) {
                       for (size_t k = 0; k < K; ++k) offsets[k] += rest % extents_[d] * strides_[d][k];
                       rest /= extents_[d];
                     }
                     const int64_t first = task % pieces * kRun;
                     for (size_t k = 0; k < K; ++k) offsets[k] += first * strides_[0][k];
                     fn(offsets, std::min(kRun, inner - first));
                   }
                 });
  }

 private:
  std::vector<int64_t> extents_;                 // innermost first
  std::vector<std::array<int64_t, K>> strides_;  // beside extents_
};

}  // namespace genesis::kernels
