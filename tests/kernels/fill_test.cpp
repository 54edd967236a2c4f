#include "kernels/fill.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"

namespace genesis::kernels {
namespace {

TEST(Fill, WritesTheViewAndNothingElse) {
  for (DType t : {DType::f64, DType::f32, DType::bf16, DType::f16, DType::i64, DType::i32, DType::u8}) {
    for (int64_t n : {0, 1, 33, 20001}) {
      Array a = Array::full({3, n, 2}, 7, t);
      run(Fill{.dst = a.slice(0, 1, 2), .value = 5});
      run(Fill{.dst = a.select(2, 0).slice(0, 2, 3), .value = 3});
      const auto v = testing::values_of(a);
      for (size_t i = 0; i < v.size(); ++i) {
        const size_t row = i / size_t(2 * n);
        ASSERT_EQ(v[i], row == 1 ? 5 : row == 2 && i % 2 == 0 ? 3 : 7) << i;
      }
    }
  }
  EXPECT_THROW(run(Fill{}), Error);
}

}  // namespace
}  // namespace genesis::kernels
