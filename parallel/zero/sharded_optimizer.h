#pragma once
#include <memory>
#include <vector>

#include "autograd/optim/adamw.h"
#include "parallel/data_parallel.h"

namespace genesis::parallel {

/// AdamW whose state is shared by the data-parallel ranks (ZeRO stage 1), or kept whole on each (stage 0).
///   Whether it is shared follows `gradients.is_scattered()`: each rank then updates its slice of every
///   bucket's weights from the sums it owns, and an all_gather gives everyone the rest, bucket by bucket in
///   the order of the forward pass: the gather of one bucket runs under the update of the next and under the
///   next forward pass. Whoever reads a parameter (Tensor::value()) waits for its bucket alone.
///   Shared and whole state make the same update, bit for bit: AdamW, weight decay and stochastic rounding
///   are functions of the element.
///
/// Memory: moments (and masters) of 1 / ranks of the elements, or of all. Shared state: weights lie in flat
/// buckets, as
///   gradients do.
/// Masters: where a parameter is kept in a narrower type than its own (DataParallelOptions::kept_as), every
/// rank has
///   its values in that type; masters are kept by whoever keeps the moments (optim::MasterForm).
/// Ownership: `gradients` outlives this object. Values are moved: views of parameters taken before go stale.
class ShardedOptimizer {
 public:
  /// Collective: parameters hold the same values on every rank.
  ShardedOptimizer(DataParallel& gradients, optim::AdamWOptions options);
  ~ShardedOptimizer();
  ShardedOptimizer(const ShardedOptimizer&) = delete;
  ShardedOptimizer& operator=(const ShardedOptimizer&) = delete;

  /// One update from the summed gradients times grad_scale, as AdamW::step. Collective where state is shared.
  void step(double grad_scale = 1.0, const Array& decision = {});

  /// What this rank keeps. pieces() of all ranks tile every parameter: to be saved as slices of global
  /// tensors, and restored from them at any number of ranks.
  optim::AdamW& adamw();
  const optim::AdamW& adamw() const;

  /// After pieces() were written from outside: values are rounded from the masters and gathered, the same on
  /// every rank again. Collective.
  void synchronise();

  /// Bytes the communicator logs for the weights of a step.
  int64_t bytes_per_step() const;
  static int64_t logged_bytes(const std::vector<BucketShape>& buckets, int ranks);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with readers of parameters whose gather is still running
};

}  // namespace genesis::parallel
