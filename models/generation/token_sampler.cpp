#include "models/generation/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/core/error.h"
#include "kernels/core/rng.h"

namespace genesis::models {
namespace {

constexpr uint64_t kSamplingStream =
    0x73616d706c65;                   // keeps these draws apart from dropout and initialisation
constexpr size_t kFirstSorted = 256;  // top_p rarely needs more of a vocabulary of 150,000

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
  if (config_.usable_ids > 0) logits = logits.first(std::min(logits.size(), size_t(config_.usable_ids)));
  for (const int32_t id : used_) {
    if (id < 0 || size_t(id) >= logits.size()) continue;
    float& x = logits[size_t(id)];
    x = x > 0 ? float(x / config_.repetition_penalty) : float(x * config_.repetition_penalty);
  }
  const int32_t id = config_.do_sample ? draw(logits) : greedy(logits);
  ++step_;
  see({&id, 1});
  return id;
}

int32_t TokenSampler::greedy(std::span<const float> logits) const {
  size_t best = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i])) throw NumericsError("the logit of token {} is NaN", i);
    if (logits[i] > logits[best]) best = i;
  }
  return int32_t(best);
}

int32_t TokenSampler::draw(std::span<const float> logits) {
  const size_t v = logits.size();
  const float top = logits[size_t(greedy(logits))];
  std::vector<double> weight(v);  // [V] unnormalised probabilities
  for (size_t i = 0; i < v; ++i) weight[i] = std::exp((double(logits[i]) - top) / config_.temperature);

  std::vector<int32_t> ids(v);  // candidates, the likeliest first as far as they are sorted
  std::iota(ids.begin(), ids.end(), 0);
  const auto likelier = [&](int32_t a, int32_t b) {
    return weight[size_t(a)] != weight[size_t(b)] ? weight[size_t(a)] > weight[size_t(b)] : a < b;
  };
  size_t kept = v;
  if (config_.top_k > 0 && size_t(config_.top_k) < v) {
    kept = size_t(config_.top_k);
    std::nth_element(ids.begin(), ids.begin() + int64_t(kept), ids.end(), likelier);
  }
  double total = 0;
  for (size_t i = 0; i < kept; ++i) total += weight[size_t(ids[i])];
  if (config_.top_p < 1.0) {
    size_t sorted = std::min(kept, kFirstSorted), taken = 0;
    std::partial_sort(ids.begin(), ids.begin() + int64_t(sorted), ids.begin() + int64_t(kept), likelier);
    double mass = 0;
    while (taken < kept && mass < config_.top_p * total) {
      if (taken == sorted) {
        sorted = kept;
        std::sort(ids.begin() + int64_t(taken), ids.begin() + int64_t(kept), likelier);
      }
      mass += weight[size_t(ids[taken++])];
    }
    kept = taken;
    total = mass;
  }
  const auto words = philox(config_.seed, stream_of({kSamplingStream, text_}), step_);
  double u = (double(words[0]) + 0.5) * 0x1p-32 * total;
  for (size_t i = 0; i + 1 < kept; ++i) {
    u -= weight[size_t(ids[i])];
    if (u < 0) return ids[i];
  }
  return ids[kept - 1];
}

}  // namespace genesis::models
