#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// y_ri = e^(x_ri - max_r) / sum_k e^(x_rk - max_r) over the last dimension.
/// Shapes: x, y [..., H] (leading strides free); y may be x itself
/// Types: f64 | f32 | bf16; computed in f32 (f64 for f64), rounded once      Determinism: bitwise
struct SoftmaxForward {
  static constexpr const char* kName = "softmax.forward";
  Array x;
  Array y;
  Device device() const { return x.device(); }
  void check() const;
};

/// dx_ri = y_ri (dy_ri - sum_k dy_rk y_rk)
/// Shapes: y, dy, dx [..., H] (leading strides free); dx may be dy itself
struct SoftmaxBackward {
  static constexpr const char* kName = "softmax.backward";
  Array y, dy;
  Array dx;
  Device device() const { return y.device(); }
  void check() const;
};

void run_cpu(const SoftmaxForward&);
void run_cuda(const SoftmaxForward&);
void run_cpu(const SoftmaxBackward&);
void run_cuda(const SoftmaxBackward&);

}  // namespace genesis::kernels
