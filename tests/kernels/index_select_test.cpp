#include "kernels/index_select.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(IndexSelect, PicksAndAddsSlices) {
  for (DType t : kComputeTypes) {
    for (const auto& [shape, dim] :
         std::vector<std::pair<Shape, int64_t>>{{{9, 33}, 0}, {{4, 9}, 1}, {{3, 9, 5}, 1}, {{9, 1100}, 0}}) {
      for (int64_t count : {0, 1, 40}) {
        Array index = random_ids({count}, 9, 3), x = random_array(shape, t, 1);
        Shape picked = shape;
        picked[size_t(dim)] = count;
        Array y = Array::empty(picked, t);
        run(IndexSelect{.x = x, .index = index, .dim = dim, .y = y});
        for (int64_t i = 0; i < count; ++i)
          expect_identical(y.select(dim, i), x.select(dim, index.data<int32_t>()[i]), "slice");

        Array dy = random_array(picked, t, 2), dx = Array::zeros(shape, t);
        run(IndexAdd{.dy = dy, .index = index, .dim = dim, .dx = dx});
        for (int64_t m = 0; m < 9; ++m) {
          std::vector<double> want(size_t(x.numel() / 9), 0.0);
          for (int64_t i = 0; i < count; ++i) {
            if (index.data<int32_t>()[i] != m) continue;
            const auto part = values_of(dy.select(dim, i));
            for (size_t j = 0; j < want.size(); ++j) want[j] += part[j];
          }
          // bf16 rounds after every addition, about five of them here.
          expect_close(dx.select(dim, m), want, t == DType::bf16 ? 0.02 : Tolerance::sum(t), "dx");
        }
      }
    }
  }
}

TEST(IndexSelect, NamesAnIndexOutsideTheArray) {
  Array x = Array::zeros({3, 2}, DType::f32), index = Array::from(std::vector<int64_t>{0, 3}, {2}),
        y = Array::zeros({2, 2}, DType::f32);
  EXPECT_NE(message_of<Error>([&] {
              run(IndexSelect{.x = x, .index = index, .y = y});
            }).find("index[1] = 3 is outside [0, 3)"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { run(IndexAdd{.dy = y, .index = index, .dx = x}); }).find("index[1] = 3"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
