#pragma once
#include "kernels/core/run.h"
#include "kernels/reduce.h"

namespace genesis::autograd {

/// The gradient of an input that was broadcast: `g` summed over the dimensions along which `shape` was
/// repeated.
inline Array sum_to_shape(const Array& g, const Shape& shape) {
  if (g.shape() == shape) return g;
  const size_t lead = g.shape().size() - shape.size();
  Shape dims;
  for (size_t d = 0; d < g.shape().size(); ++d)
    if (d < lead || (shape[d - lead] == 1 && g.shape()[d] != 1)) dims.push_back(int64_t(d));
  Array sums = Array::empty(kernels::reduced_shape(g.shape(), dims, true), g.dtype(), g.device());
  kernels::run(kernels::Reduce{.kind = kernels::ReduceKind::sum, .x = g, .dims = dims, .y = sums});
  return sums.view(shape);
}

}  // namespace genesis::autograd
