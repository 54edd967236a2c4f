#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Gated SiLU of two halves that lie beside each other.
///   y_nf = silu(a_nf) b_nf,  a = x[:, :F], b = x[:, F:],  silu(z) = z / (1 + e^-z)
///   In Qwen-1's words a is w2(x) and b is w1(x); in Qwen1.5's a is gate and b is up.
/// Shapes: x [..., 2F], y [..., F] (leading strides free)
/// Types: f64 | f32 | bf16; computed in f32 and rounded once      Determinism: bitwise
/// Source: Shazeer 2020
struct SwigluForward {
  static constexpr const char* kName = "swiglu.forward";
  Array x;
  Array y;
  Device device() const { return x.device(); }
  void check() const;
};

/// Gradient of swiglu: with g = 1 / (1 + e^-a)
///   dx_nf = dy b g (1 + a (1 - g));  dx_n(F+f) = dy a g
/// Shapes: dy [..., F], x, dx [..., 2F] (leading strides free); dx may be x itself
struct SwigluBackward {
  static constexpr const char* kName = "swiglu.backward";
  Array dy, x;
  Array dx;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const SwigluForward&);
void run_cuda(const SwigluForward&);
void run_cpu(const SwigluBackward&);
void run_cuda(const SwigluBackward&);

}  // namespace genesis::kernels
