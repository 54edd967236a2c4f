#include "parallel/ordered/ordered_gradients.h"

#include "kernels/accumulate.h"
#include "parallel/ordered/sample_tree.h"

namespace genesis::parallel {

OrderedGradients::OrderedGradients(DataParallel& gradients) : gradients_(gradients) {
  GENESIS_CHECK(gradients.reduction().op == ReduceOp::tree_sum,
                "gradients in a fixed order over samples need ReduceOp::tree_sum over ranks");
}

const std::vector<Array>& OrderedGradients::held(int64_t depth) {
  MemoryScope scope(MemoryCategory::gradients);
  while (int64_t(held_.size()) <= depth) {
    held_.emplace_back();
    for (const Array& flat : gradients_.flats())
      held_.back().push_back(Array::empty(flat.shape(), flat.dtype()));
  }
  return held_[size_t(depth)];
}

void OrderedGradients::sum(int64_t samples, const std::function<void(int64_t)>& backward) {
  const std::vector<Array>& current = gradients_.flats();
  const auto each = [&](int64_t depth, bool add) {
    const std::vector<Array>& aside = held(depth);
    for (size_t b = 0; b < current.size(); ++b) {
      const Array &from = add ? aside[b] : current[b], &to = add ? current[b] : aside[b];
      kernels::run(kernels::Accumulate{.src = from, .dst = to, .overwrite = !add});
    }
  };
  const auto leaf = [&](int64_t sample) {
    for (auto& [name, parameter] : gradients_.parameters()) {
      Tensor handle = parameter;
      handle.zero_grad();
    }
    gradients_.set_last_micro_step(false);
    backward(sample);
    gradients_.fill_missing();
  };
  if (samples > 0) {
    walk_tree(
        0, samples, leaf, [&](int64_t depth) { each(depth, false); },
        [&](int64_t depth) { each(depth, true); });
  }
  gradients_.set_last_micro_step(true);
}

}  // namespace genesis::parallel
