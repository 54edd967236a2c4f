#include "parallel/nn/vocabulary_table.h"

#include "autograd/ops/linear.h"
#include "parallel/ops/vocabulary_embedding.h"
#include "parallel/shard.h"

namespace genesis::parallel {

VocabularyTable::VocabularyTable(int64_t vocabulary, int64_t width, DType dtype, const TensorParallel& tp)
    : vocabulary_(vocabulary), tp_(tp) {
  Shard rows = stacked_rows({{vocabulary, 0}}, {vocabulary, width}, tp.rank(), tp.size());
  weight = register_parameter("weight", nn::parameter(rows.local, dtype));
  set_shard(weight, std::move(rows));
}

Tensor VocabularyTable::lookup(const Tensor& ids) const {
  return vocabulary_embedding(ids, weight, vocabulary_, tp_);
}

Tensor VocabularyTable::loss_sum(const Tensor& hidden, const std::vector<WeightedTargets>& parts) const {
  return vocabulary_cross_entropy(hidden, weight, parts, vocabulary_, tp_);
}

Array VocabularyTable::token_losses(const Tensor& hidden, const Array& targets) const {
  return vocabulary_token_losses(hidden, weight, targets, vocabulary_, tp_);
}

Tensor VocabularyTable::logits(const Tensor& hidden) const {
  if (!tp_.is_split()) return autograd::linear(hidden, weight, {});
  return Tensor(gathered_logits(hidden, weight, vocabulary_, tp_));
}

}  // namespace genesis::parallel
