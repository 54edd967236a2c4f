#include "kernels/swiglu.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Swiglu, MatchesTheFormula) {
  for (DType t : kComputeTypes) {
    for (const auto& [rows, width] : std::vector<std::pair<int64_t, int64_t>>{
             {0, 3}, {1, 1}, {2, 31}, {3, 32}, {5, 33}, {40, 1001}, {3, 0}}) {
      Array x = random_array({rows, 2 * width}, t, 1, 4.0), y = Array::empty({rows, width}, t);
      Array dy = random_array({rows, width}, t, 2), dx = Array::empty({rows, 2 * width}, t);
      run(SwigluForward{.x = x, .y = y});
      run(SwigluBackward{.dy = dy, .x = x, .dx = dx});
      const auto v = values_of(x), g = values_of(dy);
      std::vector<double> want, dwant(v.size());
      for (size_t n = 0; n < size_t(rows); ++n) {
        for (size_t f = 0; f < size_t(width); ++f) {
          const size_t at = n * size_t(2 * width) + f, linear = at + size_t(width), o = n * size_t(width) + f;
          const double a = v[at], s = 1 / (1 + std::exp(-a));
          want.push_back(a * s * v[linear]);
          dwant[at] = g[o] * v[linear] * (s + a * s * (1 - s));
          dwant[linear] = g[o] * a * s;
        }
      }
      expect_close(y, want, Tolerance::pointwise(t), "y");
      expect_close(dx, dwant, Tolerance::pointwise(t), "dx");
    }
  }
}

TEST(Swiglu, StaysFiniteAtTheEnds) {
  Array x = Array::from(std::vector<float>{-200.f, 200.f, 2.f, 3.f}, {1, 4}),
        y = Array::empty({1, 2}, DType::f32);
  run(SwigluForward{.x = x, .y = y});
  EXPECT_EQ(y.data<float>()[0], 0.f);
  EXPECT_EQ(y.data<float>()[1], 600.f);
}

TEST(Swiglu, RefusesWhatDoesNotFit) {
  Array x = Array::zeros({2, 5}, DType::f32), y = Array::zeros({2, 2}, DType::f32);
  EXPECT_NE(message_of<Error>([&] { run(SwigluForward{.x = x, .y = y}); }).find("last extent is odd"),
            std::string::npos);
  x = Array::zeros({2, 6}, DType::f32);
  EXPECT_NE(message_of<Error>([&] { run(SwigluForward{.x = x, .y = y}); }).find("expected [2, 3]"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
