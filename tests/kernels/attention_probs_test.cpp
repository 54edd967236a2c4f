#include "kernels/attention_probs.h"

#include <gtest/gtest.h>

#include "tests/support/random_array.h"

namespace genesis::kernels {
namespace {

using testing::random_array;
using testing::values_of;

TEST(AttentionProbs, EqualTheFormula) {
  struct Case {
    int64_t queries, keys, heads, kv_heads, d;
  };
  for (const Case& c :
       {Case{0, 3, 2, 1, 4}, Case{1, 1, 1, 1, 2}, Case{7, 7, 4, 2, 10}, Case{5, 33, 2, 2, 16}})
    for (DType t : {DType::f64, DType::f32, DType::bf16}) {
      const Array q = random_array({c.queries, c.heads, c.d}, t, 1),
                  k = random_array({c.keys, c.kv_heads, c.d}, t, 2);
      Array probs = Array::empty({c.heads, c.queries, c.keys}, t == DType::f64 ? t : DType::f32);
      run(AttentionProbs{.q = q, .k = k, .probs = probs});
      const auto qs = values_of(q), ks = values_of(k), found = values_of(probs);
      for (int64_t a = 0; a < c.heads; ++a)
        for (int64_t i = 0; i < c.queries; ++i) {
          double total = 0;
          std::vector<double> weight(size_t(c.keys), 0.0);
          for (int64_t m = 0; m <= c.keys - c.queries + i; ++m) {
            double score = 0;
            for (int64_t x = 0; x < c.d; ++x)
              score += qs[size_t((i * c.heads + a) * c.d + x)] *
                       ks[size_t((m * c.kv_heads + a * c.kv_heads / c.heads) * c.d + x)];
            total += weight[size_t(m)] = std::exp(score / std::sqrt(double(c.d)));
          }
          for (int64_t m = 0; m < c.keys; ++m)
            ASSERT_NEAR(found[size_t((a * c.queries + i) * c.keys + m)], weight[size_t(m)] / total,
                        t == DType::f64 ? 1e-14 : 2e-6);
        }
    }
}

TEST(AttentionProbs, ErrorsNameWhatDoesNotFit) {
  const Array q = Array::zeros({4, 2, 8}, DType::f32), k = Array::zeros({4, 1, 8}, DType::f32);
  EXPECT_NO_THROW(run(AttentionProbs{.q = q, .k = k, .probs = Array::zeros({2, 4, 4}, DType::f32)}));
  EXPECT_THROW(run(AttentionProbs{.q = q, .k = k, .probs = Array::zeros({2, 4, 3}, DType::f32)}), Error);
  EXPECT_THROW(
      run(AttentionProbs{.q = q, .k = k.slice(0, 0, 3), .probs = Array::zeros({2, 4, 3}, DType::f32)}),
      Error);
  EXPECT_THROW(
      run(AttentionProbs{
          .q = q, .k = Array::zeros({4, 3, 8}, DType::f32), .probs = Array::zeros({2, 4, 4}, DType::f32)}),
      Error);
}

}  // namespace
}  // namespace genesis::kernels
