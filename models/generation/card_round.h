#pragma once
#include <functional>
#include <vector>

#include "models/generation/token_sampler.h"
#include "models/generation/token_steps.h"

namespace genesis::models {

/// A text in a round: where its keys are, and what it goes on with.
struct RoundText {
  int64_t slot = 0;
  double ntk_alpha = 1;
  TokenSampler* sampler = nullptr;
  int32_t last = 0;    ///< in and out: its last token, which is not in the cache
  int64_t left = 0;    ///< tokens it may still get, at least 1
  bool ended = false;  ///< out
};

/// Called with the place of a text and its new token; false ends that text.
using RoundCallback = std::function<bool(size_t text, int32_t token)>;

/// Texts go on together, a token a step, until one of them ends: the card chooses the tokens and goes on with
/// them, and the host reads them when the next step is under way. A text that ended may have its last token
/// in the cache.
///   Tokens are those of choosing on the host. Errors: NumericsError of a sampler; those of the callback.
void run_card_round(TokenSteps& steps, const GenerationConfig& config, std::vector<RoundText>& texts,
                    const RoundCallback& on_token);

}  // namespace genesis::models
