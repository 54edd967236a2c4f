#pragma once
#include <vector>

#include "kernels/core/cuda/read_back.h"
#include "models/generation/token_sampler.h"

namespace genesis::models {

/// The tokens of texts that go on together, chosen on the card where the logits are and where the next step
/// reads them; the host reads them later. At most two choices are unread.
///   The ids are those of the texts' samplers, which the caller tells them (TokenSampler::take) as it reads.
class CardChoices {
 public:
  /// samplers [N]: as they are now; they outlive this object.
  CardChoices(const GenerationConfig& config, std::vector<const TokenSampler*> samplers, int64_t vocabulary);

  /// From logits [N, V] on the card, which are changed. Waits for nothing.
  void choose(const Array& logits);
  /// [N] i32 on the card: the last choice.
  const Array& ids() const { return rule_.ids; }
  /// [N] The oldest choice that was not read; a negative id is TokenSampler::take's to explain.
  std::vector<int32_t> read();
  int64_t unread() const { return chosen_ - seen_; }

 private:
  std::vector<const TokenSampler*> samplers_;
  kernels::SampleTokens rule_;
  cuda::ReadBack read_[2];
  int64_t chosen_ = 0, seen_ = 0;
};

}  // namespace genesis::models
