#include "models/generation/generate.h"

#include <algorithm>

#include "autograd/autocast.h"
#include "models/generation/token_sampler.h"

namespace genesis::models {
namespace {

/// eval() until the end of the scope.
class EvalScope {
 public:
  explicit EvalScope(nn::Module& model) : model_(model), training_(model.is_training()) { model_.eval(); }
  ~EvalScope() { model_.train(training_); }
  EvalScope(const EvalScope&) = delete;
  EvalScope& operator=(const EvalScope&) = delete;

 private:
  nn::Module& model_;
  bool training_;
};

/// A prompt being continued in a slot of the cache.
struct Running {
  int64_t prompt;
  int64_t slot;
  double alpha;
  std::vector<int32_t> unseen;  // tokens that are not in the cache yet
  TokenSampler sampler;
};

void check_prompts(const QwenModel& model, const std::vector<std::vector<int32_t>>& prompts) {
  for (size_t i = 0; i < prompts.size(); ++i) {
    GENESIS_CHECK(!prompts[i].empty(), "prompt ", i, " has no token");
    for (const int32_t id : prompts[i]) {
      GENESIS_CHECK(id >= 0 && id < model.config().vocab_size, "prompt ", i, " holds token ", id,
                    ", outside the vocabulary of ", model.config().vocab_size);
    }
  }
}

bool is_stop(const GenerationConfig& config, int32_t token) {
  return std::count(config.stop_ids.begin(), config.stop_ids.end(), token) > 0;
}

DType cache_dtype(const QwenModel& model) {
  const auto cast = autograd::autocast_state();
  return cast.on ? cast.dtype : model.dtype();
}

}  // namespace

GeneratedText generate(QwenModel& model, const std::vector<int32_t>& prompt, const GenerationConfig& config,
                       KeptText& kept, const TokenCallback& on_token) {
  config.check();
  check_prompts(model, {prompt});
  GeneratedText out;
  if (config.max_new_tokens == 0) return out;
  const EvalScope eval(model);
  const double alpha = model.ntk_alpha(int64_t(prompt.size()));
  const int64_t known = kept.begin(model.cache_config(), prompt,
                                   int64_t(prompt.size()) + config.max_new_tokens, alpha, cache_dtype(model));
  TokenSampler sampler(config, 0);
  sampler.see(prompt);
  std::vector<int32_t> unseen(prompt.begin() + known, prompt.end());
  while (!out.stopped && int64_t(out.tokens.size()) < config.max_new_tokens) {
    const Array logits =
        model.next_logits({.tokens = {unseen}, .slots = {0}, .ntk_alphas = {alpha}}, kept.cache());  // [1, V]
    kept.add(unseen);
    const int32_t token = sampler.next({logits.data<float>(), size_t(logits.dim(1))});
    out.tokens.push_back(token);
    unseen = {token};
    out.stopped = (on_token && !on_token(0, token)) || is_stop(config, token);
  }
  return out;
}

std::vector<GeneratedText> generate(QwenModel& model, const std::vector<std::vector<int32_t>>& prompts,
                                    const GenerationConfig& config, const TokenCallback& on_token,
                                    int64_t max_batch) {
  config.check();
  GENESIS_CHECK(max_batch > 0, "max_batch is ", max_batch);
  check_prompts(model, prompts);
  std::vector<GeneratedText> out(prompts.size());
  if (config.max_new_tokens == 0 || prompts.empty()) return out;

  const EvalScope eval(model);
  int64_t longest = 0;
  for (const auto& p : prompts) longest = std::max(longest, int64_t(p.size()));
  const int64_t slots = std::min(max_batch, int64_t(prompts.size()));
  KvCache cache(model.cache_config(), slots, longest + config.max_new_tokens, cache_dtype(model),
                model.device());
  std::vector<int64_t> free_slots;
  for (int64_t s = slots; s-- > 0;) free_slots.push_back(s);
  std::vector<Running> running;
  size_t next_prompt = 0;

  while (next_prompt < prompts.size() || !running.empty()) {
    for (; next_prompt < prompts.size() && !free_slots.empty(); ++next_prompt) {
      const auto& prompt = prompts[next_prompt];
      cache.clear(free_slots.back());
      running.push_back({int64_t(next_prompt), free_slots.back(), model.ntk_alpha(int64_t(prompt.size())),
                         prompt, TokenSampler(config, int64_t(next_prompt))});
      running.back().sampler.see(prompt);
      free_slots.pop_back();
    }
    CachedStep step;
    for (auto& r : running) {
      step.tokens.push_back(std::move(r.unseen));
      step.slots.push_back(r.slot);
      step.ntk_alphas.push_back(r.alpha);
    }
    const Array logits = model.next_logits(step, cache);  // [texts, V]
    const int64_t v = logits.dim(1);
    std::vector<Running> still;
    for (size_t i = 0; i < running.size(); ++i) {
      Running& r = running[i];
      GeneratedText& text = out[size_t(r.prompt)];
      const int32_t token = r.sampler.next({logits.data<float>() + int64_t(i) * v, size_t(v)});
      text.tokens.push_back(token);
      const bool wanted = !on_token || on_token(r.prompt, token);
      text.stopped = !wanted || is_stop(config, token);
      if (text.stopped || int64_t(text.tokens.size()) == config.max_new_tokens) {
        free_slots.push_back(r.slot);
      } else {
        r.unseen = {token};
        still.push_back(std::move(r));
      }
    }
    running = std::move(still);
  }
  return out;
}

}  // namespace genesis::models
