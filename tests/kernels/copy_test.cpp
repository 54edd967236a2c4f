#include "kernels/copy.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

const std::vector<DType> kAllTypes = {DType::f64, DType::f32, DType::bf16, DType::f16,
                                      DType::i64, DType::i32, DType::u8};

TEST(Copy, ConvertsBetweenAnyTwoTypes) {
  for (DType from : kAllTypes) {
    for (DType to : kAllTypes) {
      for (int64_t n : {0, 1, 31, 33, 20001}) {
        Array src = Array::empty({n}, from);
        fill_with(src, [](int64_t i) { return double(i % 251); });
        expect_close(converted_copy(src, to), values_of(src), 0,
                     "integers below 256 are exact in every type");
      }
    }
  }
}

TEST(Copy, RoundsToNearestEven) {
  Array src = Array::from(std::vector<float>{1.00390625f, 1.01171875f, -3.14159f, INFINITY, NAN}, {5});
  Array dst = converted_copy(src, DType::bf16);
  const auto v = values_of(dst);
  EXPECT_EQ(v[0], 1.0);       // half-way, down to even
  EXPECT_EQ(v[1], 1.015625);  // half-way, up to even
  EXPECT_EQ(v[2], -3.140625);
  EXPECT_EQ(v[3], INFINITY);
  EXPECT_TRUE(std::isnan(v[4]));
}

TEST(Copy, FollowsStridesOnBothSides) {
  Array x = random_array({3, 40, 5, 7}, DType::f32, 1);
  for (const Array& view : {x.transpose(1, 2), x.transpose(0, 3), x.slice(1, 3, 17), x.select(2, 4),
                            x.slice(3, 2, 3), x.slice(0, 0, 1).expand({6, 40, 5, 7})}) {
    Array copy = contiguous(view);
    expect_identical(copy, view, "gathered");
    Array wide =
        Array::full({view.dim(0), view.dim(1), view.numel() / view.dim(0) / view.dim(1) * 2}, 9, DType::f64);
    Array part = wide.slice(2, 1, 1 + wide.dim(2) / 2);
    run(Copy{.src = copy.view(part.shape()), .dst = part});
    EXPECT_EQ(values_of(part), values_of(view));
    EXPECT_EQ(wide.data<double>()[0], 9);
  }
  EXPECT_TRUE(contiguous(x).shares_storage(x));
}

TEST(Copy, RefusesWhatDoesNotFit) {
  Array x = Array::zeros({2, 3}, DType::f32);
  EXPECT_NE(message_of<Error>([&] {
              run(Copy{.src = x, .dst = Array::zeros({3, 2}, DType::f32)});
            }).find("[3, 2]"),
            std::string::npos);
  Array repeated = Array::zeros({1, 3}, DType::f32).expand({2, 3});
  EXPECT_NE(
      message_of<Error>([&] { run(Copy{.src = x, .dst = repeated}); }).find("repeats along dimension 0"),
      std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
