#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// What becomes of an optimizer step, decided where its gradients are: AdamW can follow without the host
/// having seen the norm.
///   norm = unscale sqrt(sum_p squares_p);  loss = loss_sum / loss_weight
///   made = norm and loss are finite;  factor = unscale min(1, max_norm / (norm + 1e-6))   (max_norm 0:
///   unscale)
/// Shapes: squares [P], loss_sum [1], decision [5]; all contiguous      Types: f64, summed in order
/// Determinism: bitwise, the same on every device
/// Source: autograd/nn/clip_grad_norm.h, which does the same on the host
struct UpdateDecision {
  static constexpr const char* kName = "update_decision";
  enum Field { kFactor, kMade, kLoss, kNorm, kHeld, kFields };

  Array squares;  ///< sums of squares of gradients that are 1 / unscale times too large
  Array loss_sum;
  double loss_weight = 1;
  double unscale = 1;
  double max_norm = 0;  ///< 0: gradients are not clipped
  /// Gradients carry a loss scale: a norm that is not finite is an overflow, which nothing else follows from.
  bool scaled = false;
  /// A step that is left out for another reason than an overflow holds back those after it as well.
  bool hold = false;
  Array decision;  ///< in and out: {factor, made, loss, norm, held}; held = 0 before the first step
  Device device() const { return decision.device(); }
  void check() const;
};

void run_cpu(const UpdateDecision&);
void run_cuda(const UpdateDecision&);

}  // namespace genesis::kernels
