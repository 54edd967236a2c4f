#include "models/generation/card_round.h"

#include <algorithm>
#include <optional>

#include "models/generation/card_choices.h"

namespace genesis::models {
namespace {

/// Tells the texts that go on what was chosen; whether all of them still go on.
bool tell(std::vector<RoundText>& texts, const std::vector<int32_t>& chosen, const RoundCallback& on_token) {
  bool all = true;
  for (size_t i = 0; i < texts.size(); ++i) {
    RoundText& t = texts[i];
    if (!t.ended) {
      t.sampler->take(chosen[i]);
      t.last = chosen[i];
      --t.left;
      t.ended = !on_token(i, t.last) || t.left == 0;
    }
    all = all && !t.ended;
  }
  return all;
}

}  // namespace

void run_card_round(TokenSteps& steps, const GenerationConfig& config, std::vector<RoundText>& texts,
                    const RoundCallback& on_token) {
  CachedStep step;
  std::vector<const TokenSampler*> samplers;
  int64_t fewest_left = texts.front().left;
  for (const RoundText& t : texts) {
    step.tokens.push_back({t.last});
    step.slots.push_back(t.slot);
    step.ntk_alphas.push_back(t.ntk_alpha);
    samplers.push_back(t.sampler);
    fewest_left = std::min(fewest_left, t.left);
  }
  std::optional<CardChoices> choices;
  for (bool going_on = true; going_on && fewest_left > 0; --fewest_left) {
    const Array logits = steps.card_logits(step, choices ? choices->ids() : Array());
    if (!choices) choices.emplace(config, samplers, logits.dim(1));
    choices->choose(logits);
    if (choices->unread() == 2) going_on = tell(texts, choices->read(), on_token);
  }
  tell(texts, choices->read(), on_token);
}

}  // namespace genesis::models
