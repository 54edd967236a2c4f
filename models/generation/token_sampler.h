#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/sample_tokens.h"
#include "models/generation/generation_config.h"

namespace genesis::models {

/// Chooses the next token of one text from a row of logits (kernels/sample_tokens.h has the rule).
///   repetition penalty, temperature, top_k, top_p, then one draw; greedy when do_sample is false.
/// Determinism: the draw is a pure function of (seed, text, step), where `text` numbers the texts of a batch,
/// so a text gets the same tokens alone and in a batch, on every device.
class TokenSampler {
 public:
  TokenSampler(const GenerationConfig& config, int64_t text);

  /// Tokens of the prompt, which the repetition penalty counts as used.
  void see(std::span<const int32_t> tokens);
  /// logits [V] are changed. Returns the chosen id, which counts as used from now on.
  /// Errors: NumericsError when a logit is NaN.
  int32_t next(std::span<float> logits);
  /// The same for a choice that was made elsewhere by the rule: kernels::SampleTokens::ids of this text.
  /// Errors: as next().
  void take(int32_t chosen);

  /// The rule of a config, without arrays.
  static kernels::SampleTokens rule(const GenerationConfig& config);
  /// What names the draw `ahead` choices from now (kernels::SampleTokens::draws).
  void write_draw(int64_t* draw, int64_t ahead, int64_t used_row) const;
  /// Writes 1 at every token that counts as used.
  void mark_used(std::span<uint8_t> row) const;

 private:
  GenerationConfig config_;
  uint64_t text_;
  int64_t step_ = 0;
  std::vector<int32_t> used_;  // sorted, without repeats
};

}  // namespace genesis::models
