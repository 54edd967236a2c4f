#include "models/generation/token_steps.h"

#include <algorithm>
#include <optional>

#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"
#include "kernels/core/profile.h"
#include "kernels/core/transfer.h"

namespace genesis::models {

struct TokenSteps::Step {
  explicit Step(int64_t texts) : inputs(texts) {}
  TokenInputs inputs;
  Array logits;                      // [texts, V] f32 on the card
  Array recorded_cos;                // the table the recording reads
  std::optional<cuda::Graph> graph;  // after what it reads: it goes first
  bool ran = false, recordable = true;
};

void TokenSteps::run(QwenModel& model, KvCache& cache, Step& s) {
  // Profiling and blocking launches wait for each kernel, which a recording cannot.
  const bool record = s.ran && s.recordable && !profiling() && !cuda::launch_blocking();
  if (s.graph && !s.recorded_cos.shares_storage(s.inputs.cos)) s.graph.reset();  // the tables have grown
  if (record && !s.graph) {
    try {
      s.graph.emplace([&] { s.logits = model.token_logits(s.inputs, cache); });
      s.recorded_cos = s.inputs.cos;
    } catch (const Error& e) {
      s.recordable = false;
      log_line(fmt::format(
          "generation: a step could not be recorded ({}); its kernels are started one by one", e.what()));
    }
  }
  if (record && s.graph) return s.graph->launch();
  s.logits = model.token_logits(s.inputs, cache);
  s.ran = true;
}

Array TokenSteps::card_logits(const CachedStep& step, const Array& ids) {
  auto& s = steps_[int64_t(step.tokens.size())];
  if (!s) s = std::make_shared<Step>(int64_t(step.tokens.size()));
  model_.write_token_inputs(step, cache_, s->inputs);
  copy_across(s->inputs.all, card_copy(s->inputs.all));
  if (ids.defined()) copy_across(ids, card_copy(s->inputs.ids));
  run(model_, cache_, *s);
  replayed_ += s->graph.has_value();
  for (const int64_t slot : step.slots) cache_.advance(slot, 1);
  return s->logits;
}

Array TokenSteps::next_logits(const CachedStep& step) {
  const bool one_token =
      std::all_of(step.tokens.begin(), step.tokens.end(), [](const auto& t) { return t.size() == 1; });
  if (!one_token || !on_card()) return model_.next_logits(step, cache_);
  return on_device(card_logits(step), Device::cpu);
}

}  // namespace genesis::models
