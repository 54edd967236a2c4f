#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Residual addition and RMS normalisation in one pass over memory.
///   residual = round(x + delta);  rstd, y = rms_norm(residual, weight, eps)   (kernels/rms_norm.h)
/// Backward is RmsNormBackward with x = residual and dresidual: its dx is the gradient of x and of delta
/// alike. Shapes: x, delta, residual, y [..., H] (leading strides free), weight [H], rstd [...]; residual may
/// be x or delta itself Types: as rms_norm; all of x, delta, residual, y the same Determinism: bitwise, and
/// equal to an addition followed by rms_norm
struct AddRmsNormForward {
  static constexpr const char* kName = "add_rms_norm.forward";
  Array x, delta, weight;
  double eps = 1e-6;
  Array residual, y, rstd;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const AddRmsNormForward&);
void run_cuda(const AddRmsNormForward&);

}  // namespace genesis::kernels
