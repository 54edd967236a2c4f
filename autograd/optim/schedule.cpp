#include "autograd/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace genesis::optim {

double LrSchedule::at(int64_t step) const {
  if (step < warmup_steps) return peak * double(step) / double(warmup_steps);
  if (type == LrSchedulerType::constant) return peak;
  const double span = double(std::max<int64_t>(1, total_steps - warmup_steps));
  const double progress = std::min(1.0, double(step - warmup_steps) / span);
  const double shape =
      type == LrSchedulerType::cosine ? (1.0 + std::cos(std::numbers::pi * progress)) / 2.0 : 1.0 - progress;
  return peak * (min_lr_ratio + (1.0 - min_lr_ratio) * shape);
}

}  // namespace genesis::optim
