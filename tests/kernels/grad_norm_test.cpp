#include "kernels/grad_norm.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(GradNorm, SumsSquaresOfEachArray) {
  GradNorm o;
  std::vector<double> want;
  uint64_t stream = 0;
  for (DType t : kComputeTypes) {
    for (int64_t n : {0, 1, 31, 32, 33, 16384, 50001}) {
      o.grads.push_back(random_array({n}, t, ++stream));
      double sum = 0;
      for (double v : values_of(o.grads.back())) sum += v * v;
      want.push_back(sum);
    }
  }
  o.sums = Array::empty({int64_t(want.size())}, DType::f64);
  run(o);
  expect_close(o.sums, want, 1e-13, "sums");
  expect_thread_independent(
      [&] {
        o.sums = Array::empty({int64_t(want.size())}, DType::f64);
        run(o);
        return o.sums;
      },
      "sums");
}

TEST(GradNorm, NamesTheArrayThatIsNotFinite) {
  for (float bad : {INFINITY, -INFINITY, NAN}) {
    Array ok = Array::full({40000}, 3e38, DType::f32), wrong = Array::zeros({40000}, DType::f32);
    wrong.data<float>()[39999] = bad;
    GradNorm o{.grads = {ok, wrong, ok}, .sums = Array::empty({3}, DType::f64)};
    run(o);
    const double* sums = o.sums.data<double>();
    EXPECT_TRUE(std::isfinite(sums[0]) && std::isfinite(sums[2]));
    EXPECT_FALSE(std::isfinite(sums[1]));
  }
  GradNorm o{.grads = {Array::zeros({2}, DType::f32)}, .sums = Array::empty({2}, DType::f64)};
  EXPECT_NE(message_of<Error>([&] { run(o); }).find("sums has shape [2], expected [1]"), std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
