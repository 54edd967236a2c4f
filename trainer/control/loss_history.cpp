#include "trainer/control/loss_history.h"

#include <algorithm>

namespace genesis::trainer {

void LossHistory::add(double loss) {
  if (losses_.size() >= kLength) losses_.erase(losses_.begin());
  losses_.push_back(loss);
}

double LossHistory::median() const {
  if (losses_.empty()) return 0;
  std::vector<double> sorted = losses_;
  const auto middle = sorted.begin() + std::ptrdiff_t(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

bool LossHistory::is_spike(double loss, double factor) const {
  return factor > 0 && losses_.size() >= kLeast && loss > factor * median();
}

}  // namespace genesis::trainer
