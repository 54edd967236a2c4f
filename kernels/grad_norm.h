#pragma once
#include <vector>

#include "kernels/core/array.h"

namespace genesis::kernels {

/// Sum of squares of each array of a list, in one pass; the 2-norm of all is the root of the sum of sums.
///   sums_i = sum_e grads_i,e^2. A sum is finite exactly when every element is (f32 and narrower: squares
///   cannot overflow f64), so this is the overflow check as well, and it names the array.
/// Shapes: grads any, contiguous; sums [grads.size()] contiguous
/// Types: grads f64 | f32 | bf16, mixed as you like; sums f64, summed in f64
/// Determinism: bitwise; fixed chunks, added in order
struct GradNorm {
  static constexpr const char* kName = "grad_norm";
  std::vector<Array> grads;
  Array sums;
  Device device() const { return sums.device(); }
  void check() const;
};

void run_cpu(const GradNorm&);
void run_cuda(const GradNorm&);

}  // namespace genesis::kernels
