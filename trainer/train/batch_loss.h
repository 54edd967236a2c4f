#pragma once
#include "data/batch/batch.h"
#include "models/qwen/model.h"

namespace genesis::trainer {

/// Sum of the token losses of a micro-batch, through the fused head: logits exist a chunk at a time.
///   Divide by the number of supervised tokens of the whole step outside.
Tensor batch_loss_sum(models::QwenModel& model, const data::Batch& batch);

}  // namespace genesis::trainer
