#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

// The output head and its loss when each of P ranks holds some rows of the head's matrix: rows
// [first, first + R) of `total`. Logits stay where they are made; a rank shows the others three numbers for
// each supervised token. LinearCrossEntropyForward (kernels/linear_cross_entropy.h) is the case P = 1.

/// What one part of the vocabulary says of each supervised token.
///   z_nv = sum_h x_nh weight_vh      stats_n = (m_n = max_v z_nv,  sum_v e^(z_nv - m_n),  z_n,target(n))
///   The third is -inf where the target is not in this part. kept: what VocabularyLossFinish makes the
///   gradient of, e^(z_nv - m_n) on the CPU, z_nv on a card.
/// Shapes: x [N, H] rows apart, weight [R, H] contiguous, targets [N], count = targets that are not -100:
///         stats [count, 3], kept [count, R] or undefined; rows in the order of their tokens
/// Types: x, weight equal: f64, f32, bf16 (f16 on a card); targets i32; stats f32 (f64 for f64); kept as x
/// Memory, Errors, Determinism: as LinearCrossEntropyForward; targets lie in [0, total) or are -100
struct VocabularyLossForward {
  static constexpr const char* kName = "vocabulary_loss.forward";
  Array x, weight, targets;
  int64_t first = 0, total = 0;
  Array stats, kept;

  Device device() const { return x.device(); }
  void check() const;
};

/// The loss from what all parts say.
///   lse_n = M + ln sum_p s_pn e^(m_pn - M), M = max_p m_pn     loss_n = lse_n - z_n,target(n)
///   loss_sum = sum_n loss_n, in f64     kept_nv becomes e^(z_nv - lse_n) - [first + v = target(n)]
/// Shapes: stats [P, count, 3]; targets [N]; loss_sum [] or [1]; token_loss and lse [N] or undefined (0 where
///         ignored); kept [count, R] of part `part`, or undefined
/// Determinism: bitwise; sums over parts run in their order, so every rank gets the same numbers
struct VocabularyLossFinish {
  static constexpr const char* kName = "vocabulary_loss.finish";
  Array stats, targets;
  int64_t part = 0, first = 0, total = 0;
  Array loss_sum, token_loss, lse, kept;

  Device device() const { return stats.device(); }
  void check() const;
};

/// Gradients of scale * loss_sum through this part: g_nv = scale (e^(z_nv - lse_n) - [first + v =
/// target(n)]);
///   dx = g weight (the part's share of a sum over the ranks)     dweight (+)= g^T x
/// Shapes, Types, Errors, Determinism: as LinearCrossEntropyBackward, for [R, H] matrices
struct VocabularyLossBackward {
  static constexpr const char* kName = "vocabulary_loss.backward";
  Array x, weight, targets;
  int64_t first = 0, total = 0;
  Array lse, kept;
  double scale = 1;
  Array dx, dweight;
  bool accumulate_dweight = false;

  Device device() const { return x.device(); }
  void check() const;
};

struct LinearCrossEntropyBackward;
/// The gradients of a whole matrix: the part that begins at 0.
VocabularyLossBackward as_one_part(const LinearCrossEntropyBackward& op);

void run_cpu(const VocabularyLossForward& op);
void run_cuda(const VocabularyLossForward& op);
void run_cpu(const VocabularyLossFinish& op);
void run_cuda(const VocabularyLossFinish& op);
void run_cpu(const VocabularyLossBackward& op);
void run_cuda(const VocabularyLossBackward& op);

}  // namespace genesis::kernels
