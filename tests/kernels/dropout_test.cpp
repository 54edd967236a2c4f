#include "kernels/dropout.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Dropout, KeepsByTheStreamAlone) {
  const RandomStream stream{11, 22};
  for (DType t : kComputeTypes) {
    for (int64_t n : {0, 1, 31, 32, 33, 20001}) {
      for (uint64_t first : {0, 5}) {
        Array x = random_array({n}, t, 1), y = Array::empty({n}, t);
        run(Dropout{.x = x, .p = 0.3, .stream = stream, .first_element = first, .y = y});
        auto want = values_of(x);
        for (size_t i = 0; i < want.size(); ++i) {
          const uint64_t e = first + i;
          want[i] = uniform_from(philox(11, 22, e / 4)[e % 4]) < 0.3f ? 0 : want[i] / 0.7;
        }
        expect_close(y, want, Tolerance::pointwise(t), "y");
      }
    }
  }
}

TEST(Dropout, DropsTheShareAskedFor) {
  Array x = Array::full({100000}, 1, DType::f32), y = Array::empty({100000}, DType::f32);
  run(Dropout{.x = x, .p = 0.1, .stream = {1, 2}, .y = y});
  double kept = 0, sum = 0;
  for (double v : values_of(y)) kept += v != 0, sum += v;
  EXPECT_NEAR(kept / 1e5, 0.9, 0.005);
  EXPECT_NEAR(sum / 1e5, 1.0, 0.006);
  run(Dropout{.x = x, .p = 0, .stream = {1, 2}, .y = y});
  expect_identical(x, y, "p = 0");
  expect_thread_independent(
      [&] {
        Array z = Array::empty({100000}, DType::f32);
        run(Dropout{.x = x, .p = 0.5, .stream = {3, 4}, .y = z});
        return z;
      },
      "y");
  EXPECT_NE(message_of<Error>([&] { run(Dropout{.x = x, .p = 1, .y = y}); }).find("probability 1"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
