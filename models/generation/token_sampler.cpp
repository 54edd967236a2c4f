#include "models/generation/token_sampler.h"

#include <algorithm>
#include <memory>

#include "kernels/core/error.h"
#include "kernels/core/rng.h"
#include "kernels/core/run.h"

namespace genesis::models {
namespace {

constexpr uint64_t kSamplingStream =
    0x73616d706c65;  // keeps these draws apart from dropout and initialisation

}  // namespace

TokenSampler::TokenSampler(const GenerationConfig& config, int64_t text)
    : config_(config), text_(uint64_t(text)) {
  config_.check();
}

void TokenSampler::see(std::span<const int32_t> tokens) {
  if (config_.repetition_penalty == 1.0) return;
  used_.insert(used_.end(), tokens.begin(), tokens.end());
  std::sort(used_.begin(), used_.end());
  used_.erase(std::unique(used_.begin(), used_.end()), used_.end());
}

int32_t TokenSampler::next(std::span<float> logits) {
  const auto v = int64_t(logits.size());
  kernels::SampleTokens choice = rule(config_);
  const std::shared_ptr<void> callers(logits.data(), [](void*) {});
  choice.logits = Array::borrow(logits.data(), {1, v}, DType::f32, callers);
  choice.draws = Array::empty({1, 3}, DType::i64);
  choice.ids = Array::empty({1}, DType::i32);
  write_draw(choice.draws.data<int64_t>(), 0, 0);
  if (config_.repetition_penalty != 1.0) {
    choice.used = Array::zeros({1, v}, DType::u8);
    mark_used({choice.used.data<uint8_t>(), size_t(v)});
  }
  kernels::run(choice);
  const int32_t id = choice.ids.data<int32_t>()[0];
  take(id);
  return id;
}

void TokenSampler::take(int32_t chosen) {
  if (chosen < 0) throw NumericsError("the logit of token {} is NaN", -1 - chosen);
  ++step_;
  see({&chosen, 1});
}

kernels::SampleTokens TokenSampler::rule(const GenerationConfig& config) {
  kernels::SampleTokens choice;
  choice.sample = config.do_sample;
  choice.temperature = config.temperature;
  choice.top_p = config.top_p;
  choice.top_k = config.top_k;
  choice.repetition_penalty = config.repetition_penalty;
  choice.usable = config.usable_ids;
  choice.seed = config.seed;
  return choice;
}

void TokenSampler::write_draw(int64_t* draw, int64_t ahead, int64_t used_row) const {
  draw[0] = int64_t(stream_of({kSamplingStream, text_}));
  draw[1] = step_ + ahead;
  draw[2] = used_row;
}

void TokenSampler::mark_used(std::span<uint8_t> row) const {
  for (const int32_t id : used_)
    if (id >= 0 && size_t(id) < row.size()) row[size_t(id)] = 1;
}

}  // namespace genesis::models
