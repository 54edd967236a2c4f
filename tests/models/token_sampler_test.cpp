#include "models/generation/token_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

/// Frequencies of `draws` choices from fixed logits.
std::vector<double> frequencies(const GenerationConfig& config, const std::vector<float>& logits, int draws) {
  std::vector<double> count(logits.size(), 0.0);
  for (int i = 0; i < draws; ++i) {
    TokenSampler sampler(config, i);
    std::vector<float> row = logits;
    count[size_t(sampler.next(row))] += 1.0 / draws;
  }
  return count;
}

const std::vector<float> kLogits{1.0f, 3.0f, 2.0f, 0.0f, -1.0f};

std::vector<double> softmax(const std::vector<float>& logits, double temperature) {
  std::vector<double> p;
  double sum = 0;
  for (float x : logits) sum += std::exp(x / temperature);
  for (float x : logits) p.push_back(std::exp(x / temperature) / sum);
  return p;
}

TEST(TokenSampler, GreedyTakesTheLargestAndTheFirstOfEqual) {
  TokenSampler sampler({}, 0);
  std::vector<float> row{1, 5, 5, 2};
  EXPECT_EQ(sampler.next(row), 1);
}

TEST(TokenSampler, PaddingOfTheHeadIsNeverChosen) {
  std::vector<float> row{1, 2, 0, 50, 60};
  EXPECT_EQ(TokenSampler({.usable_ids = 3}, 0).next(row), 1);
  for (const double p : {1.0, 0.9}) {
    const auto f = frequencies({.do_sample = true, .top_p = p, .usable_ids = 3}, row, 500);
    EXPECT_EQ(f[3] + f[4], 0.0);
  }
}

TEST(TokenSampler, DrawsFollowTheSoftmax) {
  for (const double temperature : {0.7, 1.0, 2.0}) {
    const auto f = frequencies({.do_sample = true, .temperature = temperature, .seed = 3}, kLogits, 20000);
    const auto p = softmax(kLogits, temperature);
    for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(f[i], p[i], 0.012) << temperature;  // 3.5 sigma
  }
}

TEST(TokenSampler, TopKAndTopPCutTheTail) {
  auto f = frequencies({.do_sample = true, .top_k = 2}, kLogits, 4000);
  EXPECT_EQ(f[0] + f[3] + f[4], 0.0);
  EXPECT_NEAR(f[1], 1 / (1 + std::exp(-1.0)), 0.03);
  // probabilities 0.636, 0.234, 0.086 …: 0.6 keeps one token, 0.7 two, 0.9 three
  const auto kept = [&](double p) {
    const auto g = frequencies({.do_sample = true, .top_p = p}, kLogits, 2000);
    return std::count_if(g.begin(), g.end(), [](double x) { return x > 0; });
  };
  EXPECT_EQ(kept(0.6), 1);
  EXPECT_EQ(kept(0.7), 2);
  EXPECT_EQ(kept(0.9), 3);
  // more equal tokens than are sorted at first
  const std::vector<float> flat(1000, 0.5f);
  const auto g = frequencies({.do_sample = true, .top_p = 0.5}, flat, 20000);
  EXPECT_EQ(std::count_if(g.begin(), g.begin() + 500, [](double x) { return x > 0; }), 500);
  EXPECT_EQ(std::count_if(g.begin() + 501, g.end(), [](double x) { return x > 0; }), 0);
}

TEST(TokenSampler, RepetitionPenaltyTouchesUsedTokensOnly) {
  TokenSampler sampler({.repetition_penalty = 2.0}, 0);
  const std::vector<int32_t> prompt{0, 2, 2};
  sampler.see(prompt);
  std::vector<float> row{4.0f, 3.0f, -1.0f};
  EXPECT_EQ(sampler.next(row), 1);
  EXPECT_EQ(row, (std::vector<float>{2.0f, 3.0f, -2.0f}));
  row = {4.0f, 3.0f, 1.8f};
  EXPECT_EQ(sampler.next(row), 0);  // 2, 1.5 and 0.9: token 1 is used now
}

TEST(TokenSampler, DependsOnSeedTextAndStepAlone) {
  const GenerationConfig config{.do_sample = true, .seed = 5};
  const auto run = [&](const GenerationConfig& c, int64_t text) {
    TokenSampler s(c, text);
    std::vector<int32_t> out;
    for (int i = 0; i < 32; ++i) {
      std::vector<float> row = kLogits;
      out.push_back(s.next(row));
    }
    return out;
  };
  EXPECT_EQ(run(config, 1), run(config, 1));
  EXPECT_NE(run(config, 1), run(config, 2));
  EXPECT_NE(run(config, 1), run({.do_sample = true, .seed = 6}, 1));
  const auto tokens = run(config, 1);
  EXPECT_GT(std::set<int32_t>(tokens.begin(), tokens.end()).size(), 1u);  // steps differ
}

TEST(TokenSampler, NamesANanAndBadSettings) {
  TokenSampler sampler({}, 0);
  std::vector<float> row{1.0f, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THROW(sampler.next(row), NumericsError);
  for (const auto& bad : {GenerationConfig{.max_new_tokens = -1}, GenerationConfig{.temperature = 0},
                          GenerationConfig{.top_k = -1}, GenerationConfig{.top_p = 0},
                          GenerationConfig{.top_p = 1.5}, GenerationConfig{.repetition_penalty = 0}}) {
    EXPECT_THROW(TokenSampler(bad, 0), ConfigError);
  }
}

TEST(GenerationConfig, ReadsTheReleasedFiles) {
  const genesis::testing::TempFolder folder;
  folder.write(
      "generation_config.json",
      R"({"chat_format": "chatml", "eos_token_id": 151643, "pad_token_id": 151643, "max_window_size": 6144,
                   "max_new_tokens": 512, "do_sample": true, "top_k": 0, "top_p": 0.8, "repetition_penalty": 1.1})");
  const auto g = GenerationConfig::from_json(folder.path());
  EXPECT_TRUE(g.do_sample);
  EXPECT_EQ(g.top_p, 0.8);
  EXPECT_EQ(g.stop_ids, (std::vector<int64_t>{151643, 151645, 151644}));
  for (const char* bad : {R"({"top_p": "0.8"})", R"({"eos_token_id": [-1]})", R"({"max_new_tokens": -5})",
                          "[]", "{", R"({"top_p": 2})"}) {
    folder.write("generation_config.json", bad);
    EXPECT_THROW(GenerationConfig::from_json(folder.path()), ConfigError) << bad;
  }
}

}  // namespace
}  // namespace genesis::models
