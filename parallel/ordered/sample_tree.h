#pragma once
#include <cstdint>
#include <functional>

namespace genesis::parallel {

/// The fixed binary tree over the samples of a step, by which `deterministic: full` adds up their gradients.
///   sum of samples [first, last) = the sample itself, if it is one, else
///     (sum of [first, middle)) + (sum of [middle, last)),   middle = first + (last - first + 1) / 2
/// An even range is halved, so when 2^k ranks hold equal, neighbouring parts of a step, each part is a node
/// of the tree, and the sums of all parts are added by halving the ranks (ReduceOp::tree_sum): the order
/// depends on the samples alone.
constexpr int64_t tree_middle(int64_t first, int64_t last) { return first + (last - first + 1) / 2; }

/// Whether every one of `ranks` equal parts of `samples` is a node of the tree.
constexpr bool parts_are_nodes(int64_t samples, int64_t ranks) {
  return ranks >= 1 && (ranks & (ranks - 1)) == 0 && samples % ranks == 0;
}

/// Pairs of partial sums that wait for their other half while samples [0, count) are summed: the number of
/// buffers to hold.
constexpr int64_t tree_depth(int64_t count) {
  int64_t depth = 0;
  for (; count > 1; count = (count + 1) / 2) ++depth;
  return depth;
}

/// Walks the tree over [first, last) in order. `leaf(sample)` makes a sample's value current; `hold(depth)`
/// puts the current value aside; `add(depth)` adds what was put aside to the current one.
template <class Leaf, class Hold, class Add>
void walk_tree(int64_t first, int64_t last, Leaf&& leaf, Hold&& hold, Add&& add, int64_t depth = 0) {
  if (last - first == 1) return leaf(first);
  const int64_t middle = tree_middle(first, last);
  walk_tree(first, middle, leaf, hold, add, depth + 1);
  hold(depth);
  walk_tree(middle, last, leaf, hold, add, depth + 1);
  add(depth);
}

}  // namespace genesis::parallel
