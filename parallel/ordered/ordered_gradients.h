#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "parallel/data_parallel.h"

namespace genesis::parallel {

/// Gradients of a step summed in an order that is fixed by the sample alone (`deterministic: full`).
///   Each sample's gradient is made by itself, and added to others by the tree of sample_tree.h: here over
///   the samples of this rank, and by `gradients` (GradientReductionOptions::order = tree) over the ranks. So
///   any power of two of ranks, and any split into micro-batches, gives the same bits, as long as one
///   sample's forward and backward do (the same number of threads a rank).
/// Memory: tree_depth(samples) further copies of the gradients.
/// Time: one more pass over the gradients a sample.
class OrderedGradients {
 public:
  /// Errors: genesis::Error when `gradients` does not reduce in tree order.
  explicit OrderedGradients(DataParallel& gradients);

  /// Calls `backward(i)` for i = 0 … samples - 1 of this rank, each from zeroed gradients, and leaves their
  /// sum in the gradients; `gradients.finish()` then adds the other ranks'.
  void sum(int64_t samples, const std::function<void(int64_t)>& backward);

 private:
  const std::vector<Array>& held(int64_t depth);

  DataParallel& gradients_;
  std::vector<std::vector<Array>> held_;  // [depth][buckets] sums that wait for their other half
};

}  // namespace genesis::parallel
