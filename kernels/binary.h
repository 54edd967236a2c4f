#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

enum class BinaryKind { add, subtract, multiply, divide };

/// y = a (kind) b, element by element.
/// Shapes: a, b broadcast to y's shape (extents of 1, and missing leading dimensions, repeat); any strides
///   y may be a or b itself where they have its shape.
/// Types: f64 | f32 | bf16, one for all; bf16 computes in f32 and rounds once
/// Determinism: bitwise
struct Binary {
  static constexpr const char* kName = "binary";
  BinaryKind kind = BinaryKind::add;
  Array a, b;
  Array y;
  Device device() const { return y.device(); }
  void check() const;
};

void run_cpu(const Binary&);
void run_cuda(const Binary&);

/// The shape two shapes broadcast to. Errors: genesis::Error naming both when they do not fit.
Shape broadcast_shape(const Shape& a, const Shape& b);

}  // namespace genesis::kernels
