#include "trainer/train/batch_loss.h"

#include <memory>

#include "autograd/ops/linear_cross_entropy.h"

namespace genesis::trainer {
namespace {

/// The vector's numbers as an array, without a copy; the batch outlives forward and backward of its
/// micro-step.
Array borrow(const std::vector<int32_t>& values) {
  static const auto nobody = std::make_shared<int>(0);
  return Array::borrow(const_cast<int32_t*>(values.data()), {int64_t(values.size())}, DType::i32, nobody);
}

}  // namespace

Tensor batch_loss_sum(models::QwenModel& model, const data::Batch& batch) {
  const models::TokenBatch tokens{.input_ids = borrow(batch.input_ids),
                                  .position_ids = borrow(batch.position_ids),
                                  .cu_seqlens = borrow(batch.cu_seqlens)};
  return autograd::linear_cross_entropy(model.hidden_states(tokens), model.head_matrix(),
                                        borrow(batch.targets));
}

}  // namespace genesis::trainer
