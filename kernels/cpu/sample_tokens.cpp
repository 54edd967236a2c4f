#include "kernels/sample_tokens.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/core/rng.h"

// A text at a time; V weights are made and, where the tail is cut, sorted as far as they are needed.
namespace genesis::kernels {
namespace {

constexpr size_t kFirstSorted = 256;  // top_p rarely needs more of a vocabulary of 150,000

/// floor(2^40 e^y) for y <= 0; kernels/cuda/sample_tokens.cu has the same steps.
uint64_t weight_of(double y) {
  if (!(y > -28)) return 0;
  const double n = std::floor(std::fma(y, 1.4426950408889634, 0.5));
  const double f = std::fma(n, -1.9082149292705877e-10, std::fma(n, -0.6931471803691238, y));  // y - n ln 2
  constexpr double kTerms[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1,           1};
  double p = 1.0 / 6227020800;
  for (const double term : kTerms) p = std::fma(p, f, term);
  return uint64_t(p * std::bit_cast<double>(uint64_t(1023 + 40 + int64_t(n)) << 52));
}

/// The last token that is kept, or -1 where all are, and the sum of kept weights.
struct Kept {
  int64_t last = -1;
  uint64_t sum = 0;
};

class Likelier {
 public:
  explicit Likelier(const std::vector<uint64_t>& weights) : weights_(weights) {}
  bool operator()(int32_t a, int32_t b) const {
    const uint64_t wa = weights_[size_t(a)], wb = weights_[size_t(b)];
    return wa != wb ? wa > wb : a < b;
  }

 private:
  const std::vector<uint64_t>& weights_;
};

Kept cut_tail(const SampleTokens& o, const std::vector<uint64_t>& weights) {
  const size_t all = weights.size();
  Kept kept{.sum = std::accumulate(weights.begin(), weights.end(), uint64_t{0})};
  if ((o.top_k == 0 || size_t(o.top_k) >= all) && o.top_p >= 1) return kept;
  std::vector<int32_t> ids(all);  // the likeliest first as far as they are sorted
  std::iota(ids.begin(), ids.end(), 0);
  const Likelier likelier(weights);
  size_t count = all;
  if (o.top_k > 0 && size_t(o.top_k) < all) {
    count = size_t(o.top_k);
    std::nth_element(ids.begin(), ids.begin() + o.top_k - 1, ids.end(), likelier);
    kept = {.last = ids[count - 1], .sum = 0};
    for (size_t i = 0; i < count; ++i) kept.sum += weights[size_t(ids[i])];
  }
  if (o.top_p >= 1) return kept;
  size_t sorted = std::min(count, kFirstSorted), taken = 0;
  std::partial_sort(ids.begin(), ids.begin() + int64_t(sorted), ids.begin() + int64_t(count), likelier);
  const double enough = o.top_p * double(kept.sum);
  uint64_t mass = 0;
  while (taken < count && double(mass) < enough) {
    if (taken == sorted) {
      sorted = count;
      std::sort(ids.begin() + int64_t(taken), ids.begin() + int64_t(count), likelier);
    }
    mass += weights[size_t(ids[taken++])];
  }
  return {.last = ids[taken - 1], .sum = mass};
}

int32_t draw(const SampleTokens& o, const float* x, float top, uint64_t stream, uint64_t step) {
  std::vector<uint64_t> weights(size_t(o.choices()));
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = weight_of((double(x[i]) - double(top)) / o.temperature);
  const Kept kept = cut_tail(o, weights);
  const Likelier likelier(weights);
  const uint64_t u = philox(o.seed, stream, step)[0];
  auto left = uint64_t((unsigned __int128)(2 * u + 1) * kept.sum >> 33);
  for (int32_t i = 0;; ++i) {
    if (kept.last >= 0 && likelier(int32_t(kept.last), i)) continue;
    if (left < weights[size_t(i)]) return i;
    left -= weights[size_t(i)];
  }
}

int32_t choose(const SampleTokens& o, float* x, const int64_t* draws) {
  const int64_t choices = o.choices();
  const uint8_t* used = o.used.defined() ? o.used.data<uint8_t>() + draws[2] * o.logits.dim(1) : nullptr;
  for (int64_t i = 0; used && i < choices; ++i)
    if (used[i])
      x[i] = float(x[i] > 0 ? double(x[i]) / o.repetition_penalty : double(x[i]) * o.repetition_penalty);
  int64_t best = 0;
  for (int64_t i = 0; i < choices; ++i) {
    if (std::isnan(x[i])) return int32_t(-1 - i);
    if (x[i] > x[best]) best = i;
  }
  return o.sample ? draw(o, x, x[best], uint64_t(draws[0]), uint64_t(draws[1])) : int32_t(best);
}

}  // namespace

void run_cpu(const SampleTokens& o) {
  for (int64_t n = 0; n < o.logits.dim(0); ++n) {
    const int64_t* draws = o.draws.data<int64_t>() + 3 * n;
    const int32_t id = choose(o, o.logits.data<float>() + n * o.logits.dim(1), draws);
    o.ids.data<int32_t>()[n] = id;
    if (o.used.defined() && id >= 0) o.used.data<uint8_t>()[draws[2] * o.logits.dim(1) + id] = 1;
  }
}

}  // namespace genesis::kernels
