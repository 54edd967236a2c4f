#include "trainer/export/sample_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "models/qwen/token_batch.h"

namespace genesis::trainer {
namespace {

constexpr size_t kLongest = 64;

const char* const kTexts[] = {
    "The quick brown fox doesn't jump over 3,141 lazy dogs.",
    "你好,世界。今天天气怎么样?",
    "What is 27 + 15?\nIt is 42.\n\n   Twice: 84",
    "for (int i = 0; i < n; ++i) {\n    sum += a[i];\n}",
    "naïve café \U0001F600 e\u0301\u00a0\u2003x",
    "<|im_start|>user\nBackwards: ABC<|im_end|>\n",
};

}  // namespace

SampleOutputs sample_outputs(models::QwenModel& model, const data::Tokenizer& tokenizer,
                             const data::ChatFormat& chat) {
  SampleOutputs out;
  for (const char* text : kTexts) out.ids.push_back(tokenizer.encode(text));
  out.ids.push_back(chat.prompt({{}, {{data::Role::user, "Who are you?"}}}).ids);
  const auto& config = model.config();
  for (const auto& ids : out.ids) {
    auto& head = out.heads.emplace_back();
    for (const int32_t id : ids)
      if (head.size() < std::min(kLongest, size_t(config.max_seq_len)) && id < config.vocab_size)
        head.push_back(id);
  }
  const no_grad quiet;
  const Tensor logits = model.logits(models::TokenBatch::from_texts(out.heads));
  const Array values = autograd::cast_input(logits.value(), DType::f32, false);
  out.logits.assign(values.data<float>(), values.data<float>() + values.numel());
  for (size_t i = 0; i < out.logits.size(); ++i)
    if (!std::isfinite(out.logits[i]))
      throw NumericsError("the model's logit of token {} is {}: its weights are not usable",
                          i % size_t(config.vocab_size), out.logits[i]);
  return out;
}

void expect_same(const SampleOutputs& expected, const SampleOutputs& found, const std::string& where) {
  for (size_t t = 0; t < expected.ids.size(); ++t)
    if (expected.ids[t] != found.ids[t]) {
      const auto [a, b] = std::mismatch(expected.ids[t].begin(), expected.ids[t].end(), found.ids[t].begin(),
                                        found.ids[t].end());
      throw CheckpointError(
          "{}: the tokenizer read back gives other ids for sample text {}, from token {} on", where, t,
          a - expected.ids[t].begin());
    }
  if (expected.heads != found.heads || expected.logits.size() != found.logits.size())
    throw CheckpointError("{}: the model read back has another vocabulary or context", where);
  size_t rows = 0;
  for (const auto& head : expected.heads) rows += head.size();
  const size_t v = expected.logits.size() / std::max<size_t>(1, rows);
  for (size_t i = 0; i < expected.logits.size(); ++i)
    if (std::memcmp(&expected.logits[i], &found.logits[i], sizeof(float)) != 0) {
      size_t row = i / v, text = 0;
      while (row >= expected.heads[text].size()) row -= expected.heads[text++].size();
      throw CheckpointError(
          "{}: the model read back differs: sample text {}, position {}, logit of token {} is {} and was {}",
          where, text, row, i % v, found.logits[i], expected.logits[i]);
    }
}

double largest_difference(const SampleOutputs& a, const SampleOutputs& b) {
  double largest = 0;
  for (size_t i = 0; i < a.logits.size(); ++i)
    largest = std::max(largest, std::abs(double(a.logits[i]) - double(b.logits[i])));
  return largest;
}

}  // namespace genesis::trainer
