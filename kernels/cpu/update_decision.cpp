#include "kernels/update_decision.h"

#include <algorithm>
#include <cmath>

namespace genesis::kernels {

void run_cpu(const UpdateDecision& o) {
  double total = 0;
  for (int64_t i = 0; i < o.squares.numel(); ++i) total += o.squares.data<double>()[i];
  double* out = o.decision.data<double>();
  const double norm = o.unscale * std::sqrt(total), loss = o.loss_sum.data<double>()[0] / o.loss_weight;
  const bool finite = std::isfinite(norm) && std::isfinite(loss), overflow = o.scaled && !std::isfinite(norm);
  const bool held = o.hold && (out[UpdateDecision::kHeld] != 0 || (!finite && !overflow));
  out[UpdateDecision::kFactor] =
      o.unscale * (o.max_norm > 0 ? std::min(1.0, o.max_norm / (norm + 1e-6)) : 1.0);
  out[UpdateDecision::kMade] = finite && !held;
  out[UpdateDecision::kLoss] = loss;
  out[UpdateDecision::kNorm] = norm;
  out[UpdateDecision::kHeld] = held;
}

}  // namespace genesis::kernels
