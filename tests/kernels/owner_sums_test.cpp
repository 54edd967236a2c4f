#include "kernels/owner_sums.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(OwnerSums, AddsWhatBelongsTogether) {
  const Array sums = Array::full({4}, 99, DType::f64);
  const OwnerSums op{.values = Array::from<double>({1, 2, 4, 8}, {4}),
                     .owners = Array::from<int64_t>({2, 0, 2, 3}, {4}),
                     .sums = sums,
                     .factor = 0.5};
  run(op);
  EXPECT_EQ(values_of(sums), (std::vector<double>{1, 0, 2.5, 4}));
  run(OwnerSums{
      .values = Array::from<float>({1.5F}, {1}), .owners = Array::zeros({1}, DType::i64), .sums = sums});
  EXPECT_EQ(values_of(sums), (std::vector<double>{1.5, 0, 0, 0}));
}

TEST(OwnerSums, NamesAnOwnerThatIsNone) {
  const OwnerSums op{.values = Array::zeros({1}, DType::f64),
                     .owners = Array::from<int64_t>({2}, {1}),
                     .sums = Array::zeros({2}, DType::f64)};
  EXPECT_THROW(run(op), Error);
}

}  // namespace
}  // namespace genesis::kernels
