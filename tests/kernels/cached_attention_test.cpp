#include "kernels/cached_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/arrays.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

constexpr int64_t kHeads = 4, kKvHeads = 2, kDim = 6, kCapacity = 10;

struct Step {
  Array q, k, v, keys, values, begin, length, out;
  explicit Step(DType t)
      : q(random_array({3, kHeads, kDim}, t, 1)),
        k(random_array({3, kKvHeads, kDim}, t, 2)),
        v(random_array({3, kKvHeads, kDim}, t, 3)),
        keys(random_array({3 * kCapacity, kKvHeads, kDim}, t, 4)),
        values(random_array({3 * kCapacity, kKvHeads, kDim}, t, 5)),
        begin(Array::from<int32_t>({20, 0, 10}, {3})),
        length(Array::from<int32_t>({1, 7, 10}, {3})),
        out(Array::empty({3, kHeads, kDim}, t)) {}
  CachedAttention op() const {
    return {.q = q,
            .k = k,
            .v = v,
            .keys = keys,
            .values = values,
            .k_begin = begin,
            .k_length = length,
            .out = out,
            .longest = kCapacity};
  }
};

TEST(CachedAttention, SeesTheCacheAndTheNewKey) {
  const Step s(DType::f64);
  const auto q = values_of(s.q), k = values_of(s.k), v = values_of(s.v);
  auto keys = values_of(s.keys), values = values_of(s.values);
  run(s.op());
  const auto out = values_of(s.out);
  const auto at = [](int64_t row, int64_t head, int64_t c) {
    return size_t((row * kKvHeads + head) * kDim + c);
  };
  for (int64_t t = 0; t < 3; ++t) {
    const int64_t begin = s.begin.data<int32_t>()[t], length = s.length.data<int32_t>()[t];
    for (int64_t h = 0; h < kKvHeads; ++h)
      for (int64_t c = 0; c < kDim; ++c) {
        keys[at(begin + length - 1, h, c)] = k[at(t, h, c)];
        values[at(begin + length - 1, h, c)] = v[at(t, h, c)];
      }
    for (int64_t a = 0; a < kHeads; ++a) {
      const int64_t h = a / 2;
      std::vector<double> p;
      double sum = 0;
      for (int64_t m = 0; m < length; ++m) {
        double dot = 0;
        for (int64_t c = 0; c < kDim; ++c)
          dot += q[size_t((t * kHeads + a) * kDim + c)] * keys[at(begin + m, h, c)];
        p.push_back(std::exp(dot / std::sqrt(double(kDim))));
        sum += p.back();
      }
      for (int64_t c = 0; c < kDim; ++c) {
        double wanted = 0;
        for (int64_t m = 0; m < length; ++m) wanted += p[size_t(m)] / sum * values[at(begin + m, h, c)];
        EXPECT_NEAR(out[size_t((t * kHeads + a) * kDim + c)], wanted, 1e-13) << t << " " << a << " " << c;
      }
    }
  }
  EXPECT_EQ(values_of(s.keys), keys);
  EXPECT_EQ(values_of(s.values), values);
}

TEST(CachedAttention, NamesTheTextThatLeavesTheCache) {
  const Step s(DType::f32);
  CachedAttention op = s.op();
  op.longest = 9;
  try {
    run(op);
    FAIL() << "ten keys where nine are the most";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("text 2 has 10 keys"), std::string::npos) << e.what();
  }
  op = s.op();
  op.k_begin = Array::from<int32_t>({30, 0, 10}, {3});
  EXPECT_THROW(run(op), Error);
}

}  // namespace
}  // namespace genesis::kernels
