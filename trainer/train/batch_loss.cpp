#include "trainer/train/batch_loss.h"

#include <map>

namespace genesis::trainer {

Tensor batch_loss_sum(models::QwenModel& model, const data::Batch& batch) {
  const auto array = [](const std::vector<int32_t>& targets) {
    return Array::from(targets, {int64_t(targets.size())});
  };
  if (batch.weights.empty()) return model.loss_sum(models::TokenBatch::from(batch), array(batch.targets));
  std::map<float, std::vector<int32_t>> by_weight;  // [N] each
  for (size_t t = 0; t < batch.targets.size(); ++t) {
    if (batch.targets[t] == data::kIgnoredLabel) continue;
    auto& targets = by_weight[batch.weights[t]];
    targets.resize(batch.targets.size(), data::kIgnoredLabel);
    targets[t] = batch.targets[t];
  }
  std::vector<models::WeightedTargets> parts;
  for (const auto& [weight, targets] : by_weight) parts.push_back({double(weight), array(targets)});
  return model.loss_sum(models::TokenBatch::from(batch), parts);
}

}  // namespace genesis::trainer
