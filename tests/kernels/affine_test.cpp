#include "kernels/affine.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Affine, MatchesTheFormula) {
  for (DType t : kComputeTypes) {
    for (const Shape& shape : std::vector<Shape>{{0}, {1}, {31}, {33, 32}, {20001}}) {
      Array x = random_array(shape, t, 1), y = Array::empty(shape, t);
      auto want = values_of(x);
      for (double& v : want) v = -1.7 * v + 0.3;
      run(Affine{.x = x, .factor = -1.7, .offset = 0.3, .y = y});
      expect_close(y, want, Tolerance::pointwise(t), "y");
      run(Affine{.x = x, .factor = -1.7, .offset = 0.3, .y = x});
      expect_identical(x, y, "in place");
    }
  }
  Array x = random_array({4, 6}, DType::f32, 1), y = Array::empty({6, 4}, DType::f32);
  run(Affine{.x = x.transpose(0, 1), .y = y});
  expect_identical(y, x.transpose(0, 1), "strided");
  EXPECT_NE(message_of<Error>([&] { run(Affine{.x = x, .y = y}); }).find("expected [4, 6]"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
