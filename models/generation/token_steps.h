#pragma once
#include <map>
#include <memory>

#include "models/generation/kv_cache.h"
#include "models/qwen/model.h"

namespace genesis::models {

/// The steps of one generation. On a card, steps of one token a text are recorded the second time a number of
/// texts comes by, and one call starts each from then on: a step of a small model is hundreds of kernels that
/// take less time than giving them to the card. Everything else goes to QwenModel::next_logits.
///   Model, cache and autocast stay as they are while this object lives; so do the weights.
/// Determinism: a recorded step runs the kernels of the step it was recorded from.
class TokenSteps {
 public:
  TokenSteps(QwenModel& model, KvCache& cache) : model_(model), cache_(cache) {}
  /// As QwenModel::next_logits: f32 [texts, V] on the CPU. Errors: as there.
  Array next_logits(const CachedStep& step);
  /// Whether steps of one token a text may stay on the card.
  bool on_card() const { return model_.takes_token_steps(); }
  /// A step of one token a text that stays there: f32 [texts, V], valid until the next step; nothing is
  /// waited for. `ids`, where defined, are the tokens: [texts] i32 on the card; step.tokens then only count
  /// them. on_card() only.
  Array card_logits(const CachedStep& step, const Array& ids = {});
  /// Steps that were started as a recording.
  int64_t replayed() const { return replayed_; }

 private:
  struct Step;
  static void run(QwenModel& model, KvCache& cache, Step& step);

  QwenModel& model_;
  KvCache& cache_;
  std::map<int64_t, std::shared_ptr<Step>> steps_;  // by number of texts
  int64_t replayed_ = 0;
};

}  // namespace genesis::models
