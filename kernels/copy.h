#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// dst = src, element by element, converted to dst's dtype.
///   To a narrower float: rounds to nearest even (f64 goes to bf16 and f16 through f32). To an integer:
///   truncates towards 0.
/// Shapes: equal; any strides on both sides (src may repeat with stride 0); the two must not overlap
/// Types: any pair      Determinism: bitwise
struct Copy {
  static constexpr const char* kName = "copy";
  Array src, dst;
  Device device() const { return dst.device(); }
  void check() const;
};

void run_cpu(const Copy&);
void run_cuda(const Copy&);

/// A new contiguous array with the same values in `dtype`.
Array converted_copy(const Array& src, DType dtype);
/// `a` itself when it is contiguous, else a contiguous copy.
Array contiguous(const Array& a);

}  // namespace genesis::kernels
