#pragma once
#include "autograd/node.h"

namespace genesis::autograd {

/// One number per row of x: its shape without the last dimension.
inline Shape rows_shape(const Array& x) { return Shape(x.shape().begin(), x.shape().end() - 1); }

/// The dtype of row statistics: f64 for f64, else f32.
inline DType statistics_dtype(const Array& x) { return x.dtype() == DType::f64 ? DType::f64 : DType::f32; }

/// Where the gradient of a norm's weight is summed: the leaf's own buffer when it takes f32 (f64) sums, else
/// an array of its own that is returned to the engine.
struct NormWeightTarget {
  NormWeightTarget(const Saved& saved, size_t input, const Array& weight) {
    if (!saved.needs(input)) return;
    const DType sums = weight.dtype() == DType::f64 ? DType::f64 : DType::f32;
    if (weight.dtype() == sums && saved.is_leaf(input)) {
      auto target = saved.gradient_target(input);
      grad = target.grad;
      accumulate = target.accumulate;
      in_leaf = true;
    } else {
      grad = Array::empty(weight.shape(), sums, weight.device());
    }
  }
  Array returned() const { return in_leaf ? Array() : grad; }

  Array grad;
  bool accumulate = false, in_leaf = false;
};

}  // namespace genesis::autograd
