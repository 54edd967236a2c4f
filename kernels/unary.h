#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// silu(z) = z / (1 + e^-z); sigmoid(z) = 1 / (1 + e^-z); relu(z) = max(z, 0), with slope 0 at 0.
enum class UnaryKind { exp, log, sqrt, square, reciprocal, relu, sigmoid, silu, tanh };

/// Whether the gradient is written with the result (true) or with the argument (false).
constexpr bool gradient_uses_result(UnaryKind kind) {
  return kind != UnaryKind::log && kind != UnaryKind::square && kind != UnaryKind::silu;
}

/// y = kind(x), element by element.
/// Shapes: x, y equal; any strides; y may be x itself
/// Types: f64 | f32 | bf16 (computed in f32, rounded once); error bounds of exp and log in cpu/vector_math.h
/// Determinism: bitwise
struct UnaryForward {
  static constexpr const char* kName = "unary.forward";
  UnaryKind kind = UnaryKind::exp;
  Array x;
  Array y;
  Device device() const { return y.device(); }
  void check() const;
};

/// dx = dy kind'(x), written with `saved` = y where gradient_uses_result(kind), else x.
/// Shapes: saved, dy, dx equal; any strides; dx may be dy itself
struct UnaryBackward {
  static constexpr const char* kName = "unary.backward";
  UnaryKind kind = UnaryKind::exp;
  Array saved, dy;
  Array dx;
  Device device() const { return dx.device(); }
  void check() const;
};

void run_cpu(const UnaryForward&);
void run_cuda(const UnaryForward&);
void run_cpu(const UnaryBackward&);
void run_cuda(const UnaryBackward&);

}  // namespace genesis::kernels
