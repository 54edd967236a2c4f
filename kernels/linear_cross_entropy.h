#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

inline constexpr int32_t kIgnoredTarget = -100;

/// Bytes of logits that may be kept between forward and backward: on a card, what two chunks of 2048 rows need for
/// 151,936 entries in bf16.
inline constexpr int64_t kKeptLogitsBytes = int64_t{64} << 20, kKeptLogitsBytesOnCard = int64_t{1250} << 20;

/// Number of targets that are not kIgnoredTarget.
/// Errors: genesis::Error naming token and value when a target is neither kIgnoredTarget nor in [0,
/// vocabulary).
int64_t count_supervised(const Array& targets, int64_t vocabulary);

/// Whether the gradient of `supervised` rows of logits may be kept for the backward pass.
bool keeps_logit_gradient(int64_t supervised, int64_t vocabulary, DType dtype, Device device = Device::cpu);

/// The output head and its loss in one: logits exist only for one chunk of supervised rows at a time.
///   z_nv = sum_h x_nh weight_vh     lse_n = ln sum_v e^(z_nv)     loss_n = lse_n - z_n,target(n); 0 where
///   ignored loss_sum = sum_n loss_n, over rows in order, in f64
/// Shapes: x [N, H] rows apart, weight [V, H] contiguous, targets [N]; loss_sum [] or [1]; token_loss and lse
/// [N] or
///         undefined (rows that are ignored get 0); kept [count_supervised, V] or undefined
/// Types: x, weight equal: f64, f32, bf16; targets i32; loss_sum, token_loss, lse f32 (f64 for f64); logits
/// and sums in
///        f32 (f64). kept has x's dtype and receives e^(z - lse) - [v = target], from which backward needs no
///        logits.
/// Memory: one chunk of logits in workspace: 8 MB, or 96 rows where that is more.
/// Errors: genesis::Error when shapes or dtypes do not fit, or a target is out of range (named with its token
/// index). Determinism: bitwise for a fixed thread count.
struct LinearCrossEntropyForward {
  static constexpr const char* kName = "linear_cross_entropy.forward";
  Array x, weight, targets;
  Array loss_sum, token_loss, lse, kept;

  Device device() const { return x.device(); }
  void check() const;
};

/// Gradients of scale * loss_sum: g_nv = scale (e^(z_nv - lse_n) - [v = target(n)]), 0 for ignored rows;
///   dx = g weight     dweight (+)= g^T x
/// Shapes: as forward; dx [N, H] rows apart or undefined; dweight [V, H] contiguous or undefined. Either kept
/// or lse must
///         be defined: with kept the logits are not computed again.
/// Types: dx as x; dweight as x or f32. g is rounded to x's dtype before the products.
/// Errors, Determinism: as forward.
struct LinearCrossEntropyBackward {
  static constexpr const char* kName = "linear_cross_entropy.backward";
  Array x, weight, targets;
  Array lse, kept;
  double scale = 1;
  Array dx, dweight;
  bool accumulate_dweight = false;

  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const LinearCrossEntropyForward& op);
void run_cuda(const LinearCrossEntropyForward& op);
void run_cpu(const LinearCrossEntropyBackward& op);
void run_cuda(const LinearCrossEntropyBackward& op);

}  // namespace genesis::kernels
