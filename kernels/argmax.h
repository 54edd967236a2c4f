#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Place of the largest element of the last dimension; of equal ones the first; a NaN counts as largest.
/// Shapes: x [..., H] (leading strides free, H >= 1), y [...] contiguous      Types: x f64 | f32 | bf16; y
/// i64 Determinism: bitwise
struct Argmax {
  static constexpr const char* kName = "argmax";
  Array x;
  Array y;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const Argmax&);
void run_cuda(const Argmax&);

}  // namespace genesis::kernels
