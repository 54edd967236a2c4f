#include "kernels/random_fill.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(RandomFill, AnElementDependsOnStreamAndPlaceOnly) {
  for (Distribution d : {Distribution::normal, Distribution::uniform}) {
    for (DType t : kComputeTypes) {
      Array whole = Array::empty({5003}, t), part = Array::empty({1000}, t);
      run(RandomFill{.distribution = d, .a = 1, .b = 3, .stream = {5, 6}, .y = whole});
      for (uint64_t first : {0, 1, 2, 3, 1001}) {
        run(RandomFill{
            .distribution = d, .a = 1, .b = 3, .stream = {5, 6}, .first_element = first, .y = part});
        expect_identical(part, whole.slice(0, int64_t(first), int64_t(first) + 1000), "part");
      }
      expect_thread_independent(
          [&] {
            Array y = Array::empty({5003}, t);
            run(RandomFill{.distribution = d, .a = 1, .b = 3, .stream = {5, 6}, .y = y});
            return y;
          },
          "y");
    }
  }
}

TEST(RandomFill, HasTheMomentsAskedFor) {
  Array y = Array::empty({200000}, DType::f32);
  const auto moments = [&] {
    double mean = 0, square = 0;
    for (double v : values_of(y)) mean += v / 2e5, square += v * v / 2e5;
    return std::pair(mean, std::sqrt(square - mean * mean));
  };
  run(RandomFill{.a = -2, .b = 0.5, .stream = {5, 6}, .y = y});
  EXPECT_NEAR(moments().first, -2, 0.005);
  EXPECT_NEAR(moments().second, 0.5, 0.005);
  run(RandomFill{.distribution = Distribution::uniform, .a = 2, .b = 6, .stream = {5, 6}, .y = y});
  EXPECT_NEAR(moments().first, 4, 0.01);
  EXPECT_NEAR(moments().second, 4 / std::sqrt(12.0), 0.01);
  EXPECT_NE(
      message_of<Error>([] { run(RandomFill{.y = Array::zeros({2}, DType::i32)}); }).find("y holds i32"),
      std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
