#include <fmt/format.h>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "models/generation/generate.h"
#include "trainer/golden/verify.h"

namespace genesis::trainer {
namespace {

/// The logits that decide each new token of a prompt, the reference's tokens fed one after another.
Array deciding_logits(models::QwenModel& model, const std::vector<int32_t>& prompt,
                      const std::vector<int32_t>& tokens) {
  const bool narrow = autograd::autocast_state().on;
  models::KvCache cache(model.cache_config(), 1, int64_t(prompt.size() + tokens.size()),
                        narrow ? DType::bf16 : DType::f32, model.device());
  const double alpha = model.ntk_alpha(int64_t(prompt.size()));
  std::vector<float> rows;
  std::vector<int32_t> next = prompt;
  for (const int32_t token : tokens) {
    const auto logits =
        Tensor(model.next_logits({.tokens = {next}, .slots = {0}, .ntk_alphas = {alpha}}, cache)).tolist();
    rows.insert(rows.end(), logits.begin(), logits.end());
    next = {token};
  }
  return Array::from(rows, {int64_t(rows.size())});
}

Array logits_of(const GoldenCase& reference, const std::string& row, bool training, bool ntk, bool logn) {
  models::QwenConfig config = models::QwenConfig::from_json(reference.folder());
  config.use_dynamic_ntk &= ntk;
  config.use_logn_attn &= logn;
  models::QwenModel model(config);
  model.load(reference.folder());
  model.train(training);
  no_grad quiet;
  return model
      .logits(models::TokenBatch::from_rows(Tensor(reference.tensor(row + "input_ids")), config.vocab_size))
      .value();
}

}  // namespace

void verify_generation(const GoldenCase& reference, GoldenReport& report) {
  const auto& wanted = reference.numbers()["generate"];
  const auto model = models::QwenModel::from_folder(reference.folder());
  model->eval();
  const models::GenerationConfig greedy{.max_new_tokens = wanted.at("new_tokens").get<int64_t>()};
  for (size_t i = 0; i < wanted.at("cases").size(); ++i) {
    const auto& c = wanted.at("cases").at(i);
    const auto prompt = c.at("prompt").get<std::vector<int32_t>>(),
               ids = c.at("new_ids").get<std::vector<int32_t>>();
    if (report.precision() == GoldenPrecision::fp32) {  // in bf16 a near tie may fall the other way
      const auto got = models::generate(*model, {prompt}, greedy).at(0).tokens;
      report.equal(fmt::format("gen.{}.new_ids", i), {got.begin(), got.end()}, {ids.begin(), ids.end()});
    }
    report.tensor(fmt::format("gen.{}.logits", i), deciding_logits(*model, prompt, ids));
  }
}

void verify_long_rows(const GoldenCase& reference, GoldenReport& report) {
  for (const auto& c : reference.numbers()["long"].at("cases")) {
    const std::string row = fmt::format("long.{}.", c.at("length").get<int64_t>());
    report.tensor(row + "logits", logits_of(reference, row, false, true, true));
    if (!reference.has(row + "logits_training_mode")) continue;
    report.tensor(row + "logits_training_mode", logits_of(reference, row, true, true, true));
    report.tensor(row + "logits_ntk_only", logits_of(reference, row, false, true, false));
    report.tensor(row + "logits_logn_only", logits_of(reference, row, false, false, true));
  }
}

}  // namespace genesis::trainer
