#include "kernels/argmax.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Argmax, FindsTheFirstLargest) {
  for (DType t : kComputeTypes) {
    for (const Shape& shape : std::vector<Shape>{{0, 3}, {1, 1}, {31, 32}, {33, 33}, {2, 3, 5001}}) {
      Array x = random_array(shape, t, 1),
            y = Array::empty(Shape(shape.begin(), shape.end() - 1), DType::i64);
      run(Argmax{.x = x, .y = y});
      const auto v = values_of(x);
      for (int64_t r = 0; r < y.numel(); ++r) {
        const auto row = v.begin() + r * shape.back();
        EXPECT_EQ(y.data<int64_t>()[r], std::max_element(row, row + shape.back()) - row);
      }
    }
  }
  Array x = Array::from(std::vector<float>{1, 5, 5, 0, NAN, 9, -1, -2, -3}, {3, 3}),
        y = Array::empty({3}, DType::i64);
  run(Argmax{.x = x, .y = y});
  EXPECT_EQ(values_of(y), (std::vector<double>{1, 1, 0}));
  EXPECT_NE(message_of<Error>([&] {
              run(Argmax{.x = Array::zeros({3, 0}, DType::f32), .y = y});
            }).find("largest of nothing"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
