#include "trainer/train/batch_loss.h"

namespace genesis::trainer {

Tensor batch_loss_sum(models::QwenModel& model, const data::Batch& batch) {
  const Array targets = Array::from(batch.targets, {int64_t(batch.targets.size())});
  return model.loss_sum(models::TokenBatch::from(batch), targets);
}

}  // namespace genesis::trainer
