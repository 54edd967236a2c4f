#include "kernels/sample_tokens.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "kernels/core/rng.h"
#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

SampleTokens sampling(const Array& logits, int64_t step = 0) {
  const int64_t texts = logits.dim(0);
  Array draws = Array::zeros({texts, 3}, DType::i64);
  for (int64_t n = 0; n < texts; ++n) {
    draws.data<int64_t>()[3 * n] = 100 + n;
    draws.data<int64_t>()[3 * n + 1] = step;
    draws.data<int64_t>()[3 * n + 2] = n;
  }
  return {
      .logits = logits, .draws = draws, .ids = Array::empty({texts}, DType::i32), .sample = true, .seed = 9};
}

/// The rule once more, in long double and with every token sorted; `edge`: how close the draw was to another.
int32_t by_the_formula(const SampleTokens& o, const std::vector<double>& x, int64_t n, double& edge) {
  const auto v = size_t(o.choices());
  const double top = *std::max_element(x.begin(), x.begin() + int64_t(v));
  std::vector<long double> weight(v);
  std::vector<size_t> order(v);
  for (size_t i = 0; i < v; ++i) weight[i] = std::exp((long double)(x[i] - top) / o.temperature);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weight[a] > weight[b]; });
  if (o.top_k > 0 && size_t(o.top_k) < v) order.resize(size_t(o.top_k));
  long double total = 0, mass = 0;
  for (const size_t i : order) total += weight[i];
  size_t kept = 0;
  while (kept < order.size() && mass < (long double)(o.top_p) * total) mass += weight[order[kept++]];
  if (o.top_p < 1) order.resize(kept);
  std::sort(order.begin(), order.end());
  const int64_t* draws = o.draws.data<int64_t>() + 3 * n;
  const auto u = philox(o.seed, uint64_t(draws[0]), uint64_t(draws[1]))[0];
  long double at = ((long double)(u) + 0.5L) / 4294967296.0L * (o.top_p < 1 ? mass : total), sum = 0;
  for (const size_t i : order) {
    sum += weight[i];
    if (at < sum) {
      edge = double(std::min(sum - at, at - (sum - weight[i])) / total);
      return int32_t(i);
    }
  }
  return int32_t(order.back());
}

TEST(SampleTokens, FollowsTheFormula) {
  for (const int64_t v : {1, 5, 700, 3000})
    for (const auto& [top_k, top_p] : {std::pair{0, 1.0}, {0, 0.8}, {40, 1.0}, {40, 0.7}, {2, 0.999}}) {
      for (int64_t step = 0; step < 12; ++step) {
        SampleTokens o = sampling(random_array({2, v}, DType::f32, uint64_t(v + step), 3), step);
        o.top_k = top_k;
        o.top_p = top_p;
        o.temperature = 0.7;
        const auto x = values_of(o.logits);
        run(o);
        for (int64_t n = 0; n < 2; ++n) {
          double edge = 1;
          const int32_t wanted = by_the_formula(o, {x.begin() + n * v, x.begin() + (n + 1) * v}, n, edge);
          if (edge > 1e-8) {
            EXPECT_EQ(o.ids.data<int32_t>()[n], wanted) << v << " " << top_k << " " << top_p;
          }
        }
      }
    }
}

TEST(SampleTokens, GreedyAndPenaltyByHand) {
  const Array logits = Array::from<float>({1, 5, 5, -1, 2, 9}, {1, 6});
  SampleTokens o = sampling(logits);
  o.sample = false;
  o.usable = 5;
  run(o);
  EXPECT_EQ(o.ids.data<int32_t>()[0], 1);
  o.used = Array::from<uint8_t>({0, 1, 1, 1, 0, 1}, {1, 6});
  o.repetition_penalty = 5;
  run(o);
  EXPECT_EQ(o.ids.data<int32_t>()[0], 4);
  EXPECT_EQ(values_of(logits), (std::vector<double>{1, 1, 1, -5, 2, 9}));
  EXPECT_EQ(values_of(o.used), (std::vector<double>{0, 1, 1, 1, 1, 1})) << "the chosen one is used now";
}

TEST(SampleTokens, ATokenThatIsNanIsNamed) {
  SampleTokens o = sampling(Array::from<float>({1, NAN, 3, NAN}, {1, 4}));
  run(o);
  EXPECT_EQ(o.ids.data<int32_t>()[0], -2);
}

TEST(SampleTokens, RefusesWhatDoesNotFit) {
  SampleTokens o = sampling(random_array({2, 5}, DType::f32, 1));
  o.used = Array::zeros({1, 5}, DType::u8);
  EXPECT_NE(message_of<Error>([&] { run(o); }).find("text 1 is row 1 of 1"), std::string::npos);
  o.used = {};
  o.top_p = 0;
  EXPECT_THROW(run(o), Error);
}

}  // namespace
}  // namespace genesis::kernels
