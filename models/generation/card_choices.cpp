#include "models/generation/card_choices.h"

#include "kernels/core/run.h"
#include "kernels/core/transfer.h"

namespace genesis::models {

CardChoices::CardChoices(const GenerationConfig& config, std::vector<const TokenSampler*> samplers,
                         int64_t vocabulary)
    : samplers_(std::move(samplers)),
      rule_(TokenSampler::rule(config)),
      read_{{{int64_t(samplers_.size())}, DType::i32}, {{int64_t(samplers_.size())}, DType::i32}} {
  const auto texts = int64_t(samplers_.size());
  rule_.ids = Array::empty({texts}, DType::i32, Device::cuda);
  if (config.repetition_penalty == 1.0) return;
  const Array used = Array::zeros({texts, vocabulary}, DType::u8);
  for (int64_t n = 0; n < texts; ++n)
    samplers_[size_t(n)]->mark_used({used.data<uint8_t>() + n * vocabulary, size_t(vocabulary)});
  rule_.used = on_device(used, Device::cuda);
}

void CardChoices::choose(const Array& logits) {
  GENESIS_INVARIANT(unread() < 2, "a choice would be overwritten before it was read");
  rule_.logits = logits;
  rule_.draws = Array::empty({int64_t(samplers_.size()), 3}, DType::i64);
  for (size_t n = 0; n < samplers_.size(); ++n)
    samplers_[n]->write_draw(rule_.draws.data<int64_t>() + 3 * n, unread(), int64_t(n));
  kernels::run(rule_);
  read_[chosen_++ % 2].start(rule_.ids);
}

std::vector<int32_t> CardChoices::read() {
  GENESIS_INVARIANT(unread() > 0, "no choice is under way");
  const Array& ids = read_[seen_++ % 2].wait();
  return {ids.data<int32_t>(), ids.data<int32_t>() + ids.numel()};
}

}  // namespace genesis::models
