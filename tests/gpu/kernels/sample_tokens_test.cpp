#include "kernels/sample_tokens.h"

#include "tests/gpu/card_case.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

class CardSampling : public CardTest {};

struct Rule {
  bool sample;
  int64_t top_k;
  double top_p, penalty, temperature;
};

/// The tokens chosen and the flags of used ones; the same numbers on every device.
std::pair<std::vector<double>, std::vector<double>> choose(const Array& logits, const Rule& rule,
                                                           int64_t step, Device device) {
  const int64_t texts = logits.dim(0), v = logits.dim(1);
  Array draws = Array::zeros({texts, 3}, DType::i64), used = Array::zeros({texts, v}, DType::u8);
  for (int64_t n = 0; n < texts; ++n) {
    draws.data<int64_t>()[3 * n] = 7 * n;
    draws.data<int64_t>()[3 * n + 1] = step;
    draws.data<int64_t>()[3 * n + 2] = texts - 1 - n;
    for (int64_t i = n; i < v; i += 5) used.data<uint8_t>()[n * v + i] = 1;
  }
  Array own = Array::empty(logits.shape(), DType::f32);
  copy_across(logits, own);
  SampleTokens o{.logits = on_device(own, device),
                 .draws = draws,
                 .ids = on_device(Array::zeros({texts}, DType::i32), device),
                 .used = rule.penalty != 1 ? on_device(used, device) : Array(),
                 .sample = rule.sample,
                 .temperature = rule.temperature,
                 .top_p = rule.top_p,
                 .repetition_penalty = rule.penalty,
                 .top_k = rule.top_k,
                 .usable = v > 10 ? v - 3 : 0,
                 .seed = 11};
  run(o);
  return {values_of(read_back(o.ids)),
          o.used.defined() ? values_of(read_back(o.used)) : std::vector<double>{}};
}

TEST_F(CardSampling, ChoosesWhatTheCpuChooses) {
  const std::vector<Rule> rules = {{false, 0, 1, 1, 1},   {false, 0, 1, 1.3, 1},  {true, 0, 1, 1, 1},
                                   {true, 0, 0.8, 1, 1},  {true, 0, 0.8, 1.1, 1}, {true, 20, 1, 1, 0.3},
                                   {true, 50, 0.9, 1, 2}, {true, 1, 1, 1, 1},     {true, 0, 0.9999, 1, 5}};
  for (const int64_t v : {1, 31, 2003})
    for (const double spread : {0.0, 3.0, 40.0})  // all equal, usual, nearly certain
      for (size_t r = 0; r < rules.size(); ++r) {
        const auto step = int64_t(10 * r) + v;
        const Array logits = random_array({3, v}, DType::f32, uint64_t(v) + r, spread);
        EXPECT_EQ(choose(logits, rules[r], step, Device::cuda), choose(logits, rules[r], step, Device::cpu))
            << v << " tokens, spread " << spread << ", rule " << r;
      }
}

TEST_F(CardSampling, NamesAToken) {
  const Array logits = Array::from<float>({1, 2, NAN, NAN, 0, 1, 2, 3}, {2, 4});
  for (const bool sample : {false, true})
    EXPECT_EQ(choose(logits, {sample, 0, 0.9, 1, 1}, 0, Device::cuda).first[0], -3);
}

}  // namespace
}  // namespace genesis::kernels
