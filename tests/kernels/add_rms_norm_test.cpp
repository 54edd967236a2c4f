#include "kernels/add_rms_norm.h"

#include "kernels/core/run.h"
#include "kernels/rms_norm.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(AddRmsNorm, EqualsAnAdditionFollowedByRmsNorm) {
  for (DType t : kComputeTypes) {
    const DType sum_type = t == DType::f64 ? DType::f64 : DType::f32;
    for (const Shape& shape : std::vector<Shape>{{0, 4}, {1, 1}, {7, 31}, {33, 32}, {70, 333}, {2, 5, 64}}) {
      Array x = random_array(shape, t, 1), delta = random_array(shape, t, 2),
            weight = random_array({shape.back()}, t, 3);
      Array residual = Array::empty(shape, t), y = Array::empty(shape, t);
      Array rstd = Array::empty(Shape(shape.begin(), shape.end() - 1), sum_type);
      run(AddRmsNormForward{
          .x = x, .delta = delta, .weight = weight, .eps = 1e-6, .residual = residual, .y = y, .rstd = rstd});

      Array sum = Array::empty(shape, t);
      const auto a = values_of(x), b = values_of(delta);
      fill_with(sum, [&](int64_t i) { return a[size_t(i)] + b[size_t(i)]; });
      expect_identical(residual, sum, "residual");
      Array wanted = Array::empty(shape, t), wanted_rstd = Array::empty(rstd.shape(), sum_type);
      run(RmsNormForward{.x = sum, .weight = weight, .eps = 1e-6, .y = wanted, .rstd = wanted_rstd});
      expect_identical(y, wanted, "y");
      expect_identical(rstd, wanted_rstd, "rstd");

      run(AddRmsNormForward{
          .x = x, .delta = delta, .weight = weight, .eps = 1e-6, .residual = x, .y = y, .rstd = rstd});
      expect_identical(x, sum, "residual in the place of x");
    }
  }
}

TEST(AddRmsNorm, RefusesWhatDoesNotFit) {
  Array x = Array::zeros({2, 4}, DType::f32), w = Array::zeros({4}, DType::f32),
        rstd = Array::zeros({2}, DType::f32);
  const auto text = message_of<Error>([&] {
    run(AddRmsNormForward{
        .x = x, .delta = Array::zeros({2, 3}, DType::f32), .weight = w, .residual = x, .y = x, .rstd = rstd});
  });
  EXPECT_NE(text.find("delta has shape [2, 3], expected [2, 4]"), std::string::npos) << text;
}

}  // namespace
}  // namespace genesis::kernels
