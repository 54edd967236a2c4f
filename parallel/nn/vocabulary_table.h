#pragma once
#include "autograd/nn/module.h"
#include "parallel/ops/vocabulary_cross_entropy.h"

namespace genesis::parallel {

/// A matrix with a row for each token, shared out by rows over the ranks: an embedding, a head, or both
/// (tied).
///   weight [V_r, H]: rows share_of(vocabulary, rank, size); nothing is padded
class VocabularyTable : public nn::Module {
 public:
  VocabularyTable(int64_t vocabulary, int64_t width, DType dtype, const TensorParallel& tp);

  /// Rows of `ids` [N]: see vocabulary_embedding.
  Tensor lookup(const Tensor& ids) const;
  /// As the head: see vocabulary_cross_entropy, vocabulary_token_losses, gathered_logits.
  Tensor loss_sum(const Tensor& hidden, const std::vector<WeightedTargets>& parts) const;
  Array token_losses(const Tensor& hidden, const Array& targets) const;
  /// Logits [..., V]; differentiable where the table is not split.
  Tensor logits(const Tensor& hidden) const;

  Tensor weight;

 private:
  int64_t vocabulary_;
  TensorParallel tp_;
};

}  // namespace genesis::parallel
