#pragma once
#include "autograd/node.h"

namespace genesis::autograd {

/// Where the gradient of a product's weight or bias (input `i`) goes: the leaf's own buffer, to which the
/// product adds, or an array of `like`'s dtype and device that is returned; nowhere when it is not needed.
struct WeightTarget {
  WeightTarget(const Saved& saved, size_t i, const Shape& shape, const Array& like) {
    if (!saved.needs(i)) return;
    if (saved.is_leaf(i)) {
      auto target = saved.gradient_target(i);
      grad = target.grad;
      accumulate = target.accumulate;
    } else {
      grad = Array::empty(shape, like.dtype(), like.device());
      is_returned = true;
    }
  }
  Array rows(int64_t begin, int64_t end) const { return grad.defined() ? grad.slice(0, begin, end) : grad; }
  Array returned() const { return is_returned ? grad : Array(); }

  Array grad;
  bool accumulate = false, is_returned = false;
};

}  // namespace genesis::autograd
