#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

/// The causal attention probabilities of one sequence, written out: for looking at, never for training.
///   p_aim = e^(scale q_ia . k_mg) / sum over the keys 0 .. Lk-Lq+i that query i sees, g = a K / A; 0 for
///   later keys
/// Shapes: q [Lq, A, d], k [Lk, K, d] (heads beside each other, rows apart), probs [A, Lq, Lk] contiguous; Lk
/// >= Lq Types: q, k equal: f64, f32, bf16; probs f32 (f64 for f64) Errors: genesis::Error when shapes or
/// dtypes do not fit.     Determinism: bitwise.
struct AttentionProbs {
  static constexpr const char* kName = "attention_probs";
  Array q, k;
  Array probs;
  double scale = 0;  ///< 0: 1 / sqrt(d)

  Device device() const { return probs.device(); }
  void check() const;
};

void run_cpu(const AttentionProbs& op);
void run_cuda(const AttentionProbs& op);

}  // namespace genesis::kernels
