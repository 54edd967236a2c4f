#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "models/generation/generation_config.h"

namespace genesis::models {

/// Chooses the next token of one text from a row of logits.
///   repetition penalty, temperature, top_k, top_p, then one draw; greedy when do_sample is false.
/// Determinism: the draw is a pure function of (seed, text, step), where `text` numbers the texts of a batch,
/// so a text gets the same tokens alone and in a batch.
class TokenSampler {
 public:
  TokenSampler(const GenerationConfig& config, int64_t text);

  /// Tokens of the prompt, which the repetition penalty counts as used.
  void see(std::span<const int32_t> tokens);
  /// logits [V] are changed. Returns the chosen id, which counts as used from now on.
  /// Errors: NumericsError when a logit is NaN.
  int32_t next(std::span<float> logits);

 private:
  int32_t greedy(std::span<const float> logits) const;
  int32_t draw(std::span<const float> logits);

  GenerationConfig config_;
  uint64_t text_;
  uint64_t step_ = 0;
  std::vector<int32_t> used_;  // sorted, without repeats
};

}  // namespace genesis::models
