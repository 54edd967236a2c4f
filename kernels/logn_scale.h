#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Qwen-1's logn attention factor on queries, applied after RoPE at inference. It is its own gradient.
///   y_nhi = x_nhi c(position_n),  c(p) = ln(p + 1) / ln(length) if p + 1 > length, else 1
/// Shapes: x, y [N, heads, d] (leading strides free), positions [N] i32; y may be x itself
/// Types: f64 | f32 | bf16; the factor in double, rounded to f64 for f64, else f32
/// Determinism: bitwise
struct LognScale {
  static constexpr const char* kName = "logn_scale";
  Array x, positions;
  double length = 0;  ///< the training length (seq_length), > 1
  Array y;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const LognScale&);
void run_cuda(const LognScale&);

}  // namespace genesis::kernels
