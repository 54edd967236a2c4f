#include "models/generation/generate.h"

#include <algorithm>

#include "autograd/autocast.h"
#include "models/generation/card_round.h"
#include "models/generation/token_sampler.h"
#include "models/generation/token_steps.h"

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

/// A text being continued in a slot of the cache.
struct Running {
  int64_t text;
  int64_t slot;
  double alpha;
  std::vector<int32_t> unseen;  // tokens that are not in the cache yet
  TokenSampler sampler;
  int64_t copy_of;  // place in `running` of the text that computes this one's prompt in this step; -1: itself
  bool ended = false;
};

bool one_token_each(const std::vector<Running>& running) {
  return std::all_of(running.begin(), running.end(),
                     [](const Running& r) { return r.unseen.size() == 1 && r.copy_of < 0; });
}

/// All texts, and what they have not seen yet, in one step; `give` gets each one's next token.
void step_on_host(TokenSteps& steps, KvCache& cache, std::vector<Running>& running,
                  const std::function<bool(Running&, int32_t)>& give) {
  CachedStep step;
  std::vector<int64_t> row(running.size());  // [running] of the logits
  for (size_t i = 0; i < running.size(); ++i) {
    Running& r = running[i];
    if (r.copy_of >= 0) {
      row[i] = row[size_t(r.copy_of)];
      continue;
    }
    row[i] = int64_t(step.tokens.size());
    step.tokens.push_back(std::move(r.unseen));
    step.slots.push_back(r.slot);
    step.ntk_alphas.push_back(r.alpha);
  }
  const Array logits = steps.next_logits(step);  // [rows, V]
  const int64_t v = logits.dim(1);
  std::vector<float> choices(static_cast<size_t>(v));  // the sampler changes what it is given
  for (size_t i = 0; i < running.size(); ++i) {
    Running& r = running[i];
    if (r.copy_of >= 0) cache.copy_text(r.slot, cache, running[size_t(r.copy_of)].slot);
    std::copy_n(logits.data<float>() + row[i] * v, v, choices.begin());
    give(r, r.sampler.next(choices));
  }
  for (Running& r : running) r.copy_of = -1;
}

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
  const int64_t known =
      kept.begin(model.cache_config(), prompt, int64_t(prompt.size()) + config.max_new_tokens,
                 {alpha, cache_dtype(model), model.device()});
  TokenSampler sampler(config, 0);
  sampler.see(prompt);
  std::vector<int32_t> unseen(prompt.begin() + known, prompt.end());
  TokenSteps steps(model, kept.cache());
  const auto tell = [&](size_t, int32_t token) {
    out.tokens.push_back(token);
    out.stopped = (on_token && !on_token(0, token)) || is_stop(config, token);
    return !out.stopped;
  };
  while (!out.stopped && int64_t(out.tokens.size()) < config.max_new_tokens) {
    if (unseen.size() == 1 && steps.on_card()) {
      std::vector<RoundText> texts = {
          {0, alpha, &sampler, unseen[0], config.max_new_tokens - int64_t(out.tokens.size())}};
      const size_t before = out.tokens.size();
      run_card_round(steps, config, texts, tell);
      unseen.insert(unseen.end(), out.tokens.begin() + int64_t(before), out.tokens.end());
      unseen.resize(size_t(kept.cache().length(0) - kept.tokens()));  // those whose keys were made
      kept.add(unseen);
      break;
    }
    const Array logits =
        steps.next_logits({.tokens = {unseen}, .slots = {0}, .ntk_alphas = {alpha}});  // [1, V]
    kept.add(unseen);
    const int32_t token = sampler.next({logits.data<float>(), size_t(logits.dim(1))});
    unseen = {token};
    tell(0, token);
  }
  return out;
}

std::vector<GeneratedText> generate(QwenModel& model, const std::vector<std::vector<int32_t>>& prompts,
                                    const GenerationConfig& config, const TokenCallback& on_token,
                                    int64_t max_batch) {
  config.check();
  GENESIS_CHECK(max_batch > 0, "max_batch is ", max_batch);
  check_prompts(model, prompts);
  const int64_t each = config.num_return_sequences;
  std::vector<GeneratedText> out(prompts.size() * size_t(each));
  if (config.max_new_tokens == 0 || prompts.empty()) return out;

  const EvalScope eval(model);
  int64_t longest = 0;
  for (const auto& p : prompts) longest = std::max(longest, int64_t(p.size()));
  const int64_t slots = std::min(max_batch, int64_t(out.size()));
  KvCache cache(model.cache_config(), slots, longest + config.max_new_tokens, cache_dtype(model),
                model.device());
  std::vector<int64_t> free_slots;
  for (int64_t s = slots; s-- > 0;) free_slots.push_back(s);
  std::vector<Running> running;
  TokenSteps steps(model, cache);
  int64_t next_text = 0;
  // Whether the text goes on.
  const auto give = [&](Running& r, int32_t token) {
    GeneratedText& text = out[size_t(r.text)];
    text.tokens.push_back(token);
    const bool wanted = !on_token || on_token(r.text, token);
    text.stopped = !wanted || is_stop(config, token);
    r.unseen = {token};
    r.ended = text.stopped || int64_t(text.tokens.size()) == config.max_new_tokens;
    return !r.ended;
  };

  while (next_text < int64_t(out.size()) || !running.empty()) {
    int64_t first_of_prompt = -1;  // place in `running` of a text that begins now and has this prompt
    for (; next_text < int64_t(out.size()) && !free_slots.empty(); ++next_text) {
      const auto& prompt = prompts[size_t(next_text / each)];
      if (next_text % each == 0) first_of_prompt = -1;
      cache.clear(free_slots.back());
      running.push_back({next_text, free_slots.back(), model.ntk_alpha(int64_t(prompt.size())), prompt,
                         TokenSampler(config, next_text), first_of_prompt});
      running.back().sampler.see(prompt);
      if (first_of_prompt < 0) first_of_prompt = int64_t(running.size()) - 1;
      free_slots.pop_back();
    }
    if (steps.on_card() && one_token_each(running)) {
      std::vector<RoundText> texts;
      for (Running& r : running)
        texts.push_back({r.slot, r.alpha, &r.sampler, r.unseen[0],
                         config.max_new_tokens - int64_t(out[size_t(r.text)].tokens.size())});
      run_card_round(steps, config, texts, [&](size_t i, int32_t token) { return give(running[i], token); });
    } else {
      step_on_host(steps, cache, running, give);
    }
    for (const Running& r : running)
      if (r.ended) free_slots.push_back(r.slot);
    std::erase_if(running, [](const Running& r) { return r.ended; });
  }
  return out;
}

}  // namespace genesis::models
