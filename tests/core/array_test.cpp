#include "kernels/core/array.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace genesis {
namespace {

TEST(Array, ViewsShareBytes) {
  Array a = Array::from<float>({0, 1, 2, 3, 4, 5}, {2, 3});
  Array t = a.transpose(0, 1);
  EXPECT_EQ(t.shape(), (Shape{3, 2}));
  EXPECT_FALSE(t.is_contiguous());
  Array row = a.select(0, 1);
  EXPECT_EQ(row.data<float>()[0], 3);
  row.data<float>()[0] = 9;
  EXPECT_EQ(a.data<float>()[3], 9);
  EXPECT_EQ(a.slice(1, 1, 3).data<float>()[0], 1);
  EXPECT_EQ(a.view({-1}).shape(), (Shape{6}));
  EXPECT_EQ(a.view({3, -1}).dim(-1), 2);
}

TEST(Array, ErrorsNameWhatIsWrong) {
  Array a = Array::zeros({2, 3}, DType::f32);
  EXPECT_THROW(a.view({4}), Error);
  EXPECT_THROW(a.data<double>(), Error);
  EXPECT_THROW(a.slice(0, 1, 4), Error);
  EXPECT_THROW(a.dim(2), Error);
  EXPECT_THROW(Array().raw(), Error);
}

TEST(Array, DerivedValueLivesUntilTheNextWrite) {
  Array a = Array::zeros({4}, DType::f32);
  int made = 0;
  auto make = [&] { return std::make_shared<int>(++made); };
  EXPECT_EQ(*a.storage().derived<int>("copy", make), 1);
  EXPECT_EQ(*a.storage().derived<int>("copy", make), 1);
  a.storage().bump_version();
  EXPECT_EQ(*a.storage().derived<int>("copy", make), 2);
}

TEST(Memory, CountsByCategory) {
  const auto before = memory_stats();
  {
    MemoryScope scope(MemoryCategory::optimizer);
    Array a = Array::empty({1000}, DType::f32);
    const auto with = memory_stats();
    EXPECT_EQ(with.current[2] - before.current[2], 4000);
    EXPECT_EQ(with.current[3], before.current[3]);
  }
  EXPECT_EQ(memory_stats().current_total, before.current_total);
}

TEST(DType, Bf16RoundsToNearestEven) {
  EXPECT_EQ(float(bf16(1.0f)), 1.0f);
  EXPECT_EQ(float(bf16(1.00390625f)), 1.0f);       // halfway, to even
  EXPECT_EQ(float(bf16(1.01171875f)), 1.015625f);  // halfway, to even
  EXPECT_TRUE(std::isnan(float(bf16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(float(f16(65504.0f)), 65504.0f);
}

}  // namespace
}  // namespace genesis
