#pragma once
#include "data/batch/batch.h"
#include "models/qwen/model.h"

namespace genesis::trainer {

/// Sum of the token losses of a micro-batch, through the fused head: logits exist a chunk at a time.
///   Where the batch has weights, each loss times the weight of its token. Divide by the weight of the whole
///   step outside: the number of supervised tokens where all weigh 1.
Tensor batch_loss_sum(models::QwenModel& model, const data::Batch& batch);

}  // namespace genesis::trainer
