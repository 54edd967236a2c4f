#include "kernels/accumulate.h"

#include <gtest/gtest.h>

namespace genesis::kernels {
namespace {

TEST(Accumulate, AddsAndOverwritesAcrossDtypes) {
  for (int64_t n : {0, 1, 31, 33, 100003}) {
    std::vector<float> a(size_t(n), 0.f), b(size_t(n), 0.f);
    for (int64_t i = 0; i < n; ++i) a[size_t(i)] = float(i % 7) - 3, b[size_t(i)] = float(i % 5);
    Array src = Array::full({n}, 0, DType::bf16), dst = Array::from(b, {n});
    run(Accumulate{.src = Array::from(a, {n}), .dst = src, .overwrite = true});
    run(Accumulate{.src = src, .dst = dst});
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(dst.data<float>()[i], a[size_t(i)] + b[size_t(i)]) << i;
  }
  EXPECT_THROW(run(Accumulate{.src = Array::zeros({3}, DType::f32), .dst = Array::zeros({2}, DType::f32)}),
               Error);
}

}  // namespace
}  // namespace genesis::kernels
