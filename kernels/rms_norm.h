#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Root-mean-square normalisation of the last dimension, without mean or shift.
///   rstd_r = 1 / sqrt(mean_h x_rh^2 + eps);  y_rh = round(x_rh rstd_r) weight_h
///   round = to the dtype of x, before the product with the weight (it matters in bf16 only).
/// Shapes: x, y [..., H] (leading strides free, rows contiguous), weight [H], rstd [...] contiguous
/// Types: x, y f64 | f32 | bf16; weight as x or f32; rstd f64 for f64, else f32; sums f64 for f64, else f32
/// Determinism: bitwise, for any number of threads
/// Source: Zhang and Sennrich 2019, eq. 4; order of rounding as in Qwen-1's RMSNorm
struct RmsNormForward {
  static constexpr const char* kName = "rms_norm.forward";
  Array x, weight;
  double eps = 1e-6;
  Array y, rstd;
  Device device() const { return x.device(); }
  void check() const;
};

/// Gradient of rms_norm.
///   n_rh = x_rh rstd_r, g_rh = dy_rh weight_h
///   dx_rh = dresidual_rh + rstd_r (g_rh - n_rh mean_k(g_rk n_rk));  dweight_h (+)= sum_r dy_rh n_rh
/// Shapes: dy, x, dx, dresidual [..., H] (leading strides free), weight, dweight [H], rstd [...]
///   dresidual, dx and dweight are optional (left undefined); dx may be dresidual or dy itself.
/// Types: dy, dx, dresidual as x; dweight f64 for f64, else f32
/// Determinism: bitwise; dweight is summed over fixed groups of rows
struct RmsNormBackward {
  static constexpr const char* kName = "rms_norm.backward";
  Array dy, x, weight, rstd;
  Array dresidual;
  Array dx, dweight;
  bool accumulate_dweight = false;  ///< add to dweight instead of overwriting it
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const RmsNormForward&);
void run_cuda(const RmsNormForward&);
void run_cpu(const RmsNormBackward&);
void run_cuda(const RmsNormBackward&);

}  // namespace genesis::kernels
