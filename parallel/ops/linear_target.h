#pragma once
#include "autograd/node.h"

namespace genesis::parallel {

/// Where the gradient of input `i` of a linear layer goes: the leaf's own buffer, or an array that is
/// returned, in the type and on the device of `dy`.
struct LinearTarget {
  LinearTarget(const autograd::Saved& saved, size_t i, const Shape& shape, const Array& dy) {
    if (!saved.needs(i)) return;
    if (saved.is_leaf(i)) {
      auto target = saved.gradient_target(i);
      grad = target.grad;
      accumulate = target.accumulate;
    } else {
      grad = Array::empty(shape, dy.dtype(), dy.device());
      is_returned = true;
    }
  }
  Array rows(int64_t begin, int64_t end) const { return grad.defined() ? grad.slice(0, begin, end) : grad; }
  Array returned() const { return is_returned ? grad : Array(); }

  Array grad;
  bool accumulate = false, is_returned = false;
};

}  // namespace genesis::parallel
