#pragma once
#include <vector>

#include "kernels/core/array.h"

namespace genesis::kernels {

/// Multiplies every element of a list of arrays in place: x = x factor.
/// Shapes: any, contiguous      Types: f64 | f32 | bf16, mixed as you like
/// Effect: counts a write on each storage (Storage::bump_version)      Determinism: bitwise
struct Scale {
  static constexpr const char* kName = "scale";
  std::vector<Array> arrays;
  double factor = 1;
  Device device() const { return arrays.empty() ? Device::cpu : arrays.front().device(); }
  void check() const;
};

void run_cpu(const Scale&);
void run_cuda(const Scale&);

}  // namespace genesis::kernels
