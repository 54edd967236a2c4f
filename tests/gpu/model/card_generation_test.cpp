// Tokens chosen on the card, and read when the next step is under way, against tokens chosen on the host.
#include "models/generation/card_round.h"
#include "models/generation/generate.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_model.h"

namespace genesis::models {
namespace {

using namespace genesis::testing;

class CardGeneration : public CardTest {};

const std::vector<std::vector<int32_t>> kPrompts = {{3, 4, 5}, {9}, {1, 2, 3, 4, 5, 6, 7}};

/// Three texts whose prompts are in a cache, and their samplers.
struct Round {
  Round(QwenModel& model, const GenerationConfig& config)
      : cache(model.cache_config(), 3, 40, DType::bf16, Device::cuda), steps(model, cache) {
    for (size_t i = 0; i < kPrompts.size(); ++i) {
      steps.next_logits({.tokens = {kPrompts[i]}, .slots = {int64_t(i)}, .ntk_alphas = {1}});
      samplers.emplace_back(config, int64_t(i));
      samplers.back().see(kPrompts[i]);
    }
  }
  KvCache cache;
  TokenSteps steps;
  std::vector<TokenSampler> samplers;
};

/// What each text got, one ending after four tokens.
using Told = std::vector<std::vector<int32_t>>;

Told on_card(QwenModel& model, const GenerationConfig& config, std::vector<int64_t>& lengths) {
  Round round(model, config);
  std::vector<RoundText> texts;
  for (size_t i = 0; i < 3; ++i) texts.push_back({int64_t(i), 1, &round.samplers[i], int32_t(10 + i), 20});
  Told told(3);
  run_card_round(round.steps, config, texts, [&](size_t text, int32_t token) {
    told[text].push_back(token);
    return text != 1 || told[text].size() < 4;
  });
  EXPECT_TRUE(texts[1].ended);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(texts[i].last, told[i].back());
    EXPECT_EQ(texts[i].left, 20 - int64_t(told[i].size()));
    lengths.push_back(round.cache.length(int64_t(i)));
  }
  return told;
}

Told on_host(QwenModel& model, const GenerationConfig& config, int64_t tokens) {
  Round round(model, config);
  CachedStep step{.tokens = {{10}, {11}, {12}}, .slots = {0, 1, 2}, .ntk_alphas = {1, 1, 1}};
  Told told(3);
  for (int64_t t = 0; t < tokens; ++t) {
    const Array logits = round.steps.next_logits(step);
    for (int64_t i = 0; i < 3; ++i) {
      const int64_t v = logits.dim(1);
      const int32_t id = round.samplers[size_t(i)].next({logits.data<float>() + i * v, size_t(v)});
      told[size_t(i)].push_back(id);
      step.tokens[size_t(i)] = {id};
    }
  }
  return told;
}

TEST_F(CardGeneration, ARoundChoosesWhatTheHostChooses) {
  const auto model = model_on(Device::cuda, small_config(64), DType::bf16);
  model->eval();
  for (const GenerationConfig& config :
       {GenerationConfig{}, GenerationConfig{.do_sample = true, .seed = 4},
        GenerationConfig{
            .do_sample = true, .temperature = 0.6, .top_p = 0.8, .repetition_penalty = 1.3, .seed = 1},
        GenerationConfig{.do_sample = true, .top_k = 7, .usable_ids = 90}}) {
    std::vector<int64_t> lengths;
    const Told got = on_card(*model, config, lengths);
    Told wanted = on_host(*model, config, 5);
    wanted[1].pop_back();  // it ended when the fifth step was under way
    EXPECT_EQ(got, wanted);
    EXPECT_EQ(lengths, (std::vector<int64_t>{3 + 5, 1 + 5, 7 + 5}));
  }
}

TEST_F(CardGeneration, SamplesWhatTheCpuSamples) {
  GenerationConfig config{
      .max_new_tokens = 9, .do_sample = true, .top_p = 0.9, .seed = 2, .num_return_sequences = 2};
  config.stop_ids = {3, 17, 40, 41, 42, 43, 44, 45};
  std::vector<GeneratedText> texts[2];
  std::vector<std::pair<int64_t, int32_t>> told[2];
  for (const Device device : {Device::cpu, Device::cuda})
    texts[int(device)] = generate(
        *model_on(device, small_config()), kPrompts, config,
        [&](int64_t text, int32_t token) {
          told[int(device)].emplace_back(text, token);
          return true;
        },
        4);
  for (size_t i = 0; i < texts[0].size(); ++i) {
    EXPECT_EQ(texts[1][i].tokens, texts[0][i].tokens) << i;
    EXPECT_EQ(texts[1][i].stopped, texts[0][i].stopped) << i;
  }
  EXPECT_EQ(told[1].size(), told[0].size());
}

TEST_F(CardGeneration, ANanNamesItsToken) {
  const auto model = model_on(Device::cuda, small_config());
  for (const auto& [name, p] : model->named_parameters())
    if (name.find("head") != std::string::npos)
      copy_across(Array::full(p.shape(), NAN, p.dtype()), p.value());
  EXPECT_THROW(generate(*model, {{1}}, {}), NumericsError);
}

}  // namespace
}  // namespace genesis::models
