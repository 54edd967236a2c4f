#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Negative log-likelihood of one class per row of given logits. For training, linear_cross_entropy never
/// stores the logits.
///   lse_n = ln sum_v e^x_nv;  loss_n = lse_n - x_n(target_n), or 0 where target_n = ignore_index
/// Shapes: logits [N, V] (row stride free), targets [N] i32 contiguous, loss, lse [N] contiguous (lse is 0 in
/// ignored rows) Types: logits f64 | f32 | bf16; loss, lse f64 for f64, else f32 Errors: genesis::Error
/// naming row and value when a target is neither ignore_index nor in [0, V) Determinism: bitwise
struct CrossEntropyForward {
  static constexpr const char* kName = "cross_entropy.forward";
  Array logits, targets;
  int32_t ignore_index = -100;
  Array loss, lse;
  Device device() const { return logits.device(); }
  void check() const;
};

/// dlogits_nv = dloss_n (e^(x_nv - lse_n) - [v = target_n]), 0 in ignored rows.
/// Shapes: dloss [N], any stride (0: one value for all rows); dlogits [N, V] (row stride free), may be logits
/// itself Types: dloss and lse f64 for f64, else f32; dlogits as logits
struct CrossEntropyBackward {
  static constexpr const char* kName = "cross_entropy.backward";
  Array dloss, logits, targets, lse;
  int32_t ignore_index = -100;
  Array dlogits;
  Device device() const { return logits.device(); }
  void check() const;
};

void run_cpu(const CrossEntropyForward&);
void run_cuda(const CrossEntropyForward&);
void run_cpu(const CrossEntropyBackward&);
void run_cuda(const CrossEntropyBackward&);

}  // namespace genesis::kernels
