#include "kernels/softmax.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Softmax, MatchesTheFormula) {
  for (DType t : kComputeTypes) {
    for (const Shape& shape : std::vector<Shape>{{0, 3}, {1, 1}, {3, 31}, {2, 5, 32}, {33, 33}, {40, 1001}}) {
      Array x = random_array(shape, t, 1, 3.0), y = Array::empty(shape, t), dy = random_array(shape, t, 2),
            dx = Array::empty(shape, t);
      run(SoftmaxForward{.x = x, .y = y});
      run(SoftmaxBackward{.y = y, .dy = dy, .dx = dx});
      const auto v = values_of(x), p = values_of(y), g = values_of(dy);
      const size_t width = size_t(shape.back());
      std::vector<double> want(v.size()), dwant(v.size());
      for (size_t r = 0; r < v.size(); r += width) {
        double sum = 0, mean = 0;
        for (size_t i = r; i < r + width; ++i) sum += std::exp(v[i]), mean += p[i] * g[i];
        for (size_t i = r; i < r + width; ++i)
          want[i] = std::exp(v[i]) / sum, dwant[i] = p[i] * (g[i] - mean);
      }
      expect_close(y, want, Tolerance::sum(t), "y");
      // A difference of two sums: f32 roundoff of the larger one.
      expect_close(dx, dwant, t == DType::bf16 ? Tolerance::sum(t) : Tolerance::column_sum(t), "dx");
    }
  }
}

TEST(Softmax, LargeAndMaskedLogits) {
  Array x = Array::from(std::vector<float>{1e30f, 1e30f, -INFINITY, -1e30f}, {1, 4});
  run(SoftmaxForward{.x = x, .y = x});
  EXPECT_EQ(values_of(x), (std::vector<double>{0.5, 0.5, 0, 0}));
  EXPECT_NE(message_of<Error>([&] {
              run(SoftmaxForward{.x = x, .y = Array::zeros({4}, DType::f32)});
            }).find("y has shape [4]"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
