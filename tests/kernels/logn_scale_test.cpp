#include "kernels/logn_scale.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(LognScale, StretchesQueriesBeyondTheTrainingLength) {
  for (DType t : kComputeTypes) {
    for (const Shape& shape : std::vector<Shape>{{0, 2, 4}, {1, 1, 1}, {70, 3, 33}}) {
      Array x = random_array(shape, t, 1), y = Array::empty(shape, t),
            positions = Array::empty({shape[0]}, DType::i32);
      fill_with(positions, [](int64_t n) { return double(n); });
      run(LognScale{.x = x, .positions = positions, .length = 32, .y = y});
      auto want = values_of(x);
      for (size_t i = 0; i < want.size(); ++i) {
        const double p = double(int64_t(i) / (shape[1] * shape[2]));
        if (p + 1 > 32) want[i] *= std::log(p + 1) / std::log(32.0);
      }
      expect_close(y, want, Tolerance::pointwise(t), "scaled");
    }
  }
  Array x = Array::zeros({1, 1, 2}, DType::f32), p = Array::zeros({1}, DType::i32);
  EXPECT_NE(message_of<Error>([&] {
              run(LognScale{.x = x, .positions = p, .length = 1, .y = x});
            }).find("length 1"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
