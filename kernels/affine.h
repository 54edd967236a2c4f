#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// y = factor x + offset, element by element: every arithmetic operation with a number.
/// Shapes: x, y equal; any strides; y may be x itself
/// Types: f64 | f32 | bf16 (computed in f32, rounded once)      Determinism: bitwise
struct Affine {
  static constexpr const char* kName = "affine";
  Array x;
  double factor = 1, offset = 0;
  Array y;
  Device device() const { return y.device(); }
  void check() const;
};

void run_cpu(const Affine&);
void run_cuda(const Affine&);

}  // namespace genesis::kernels
