#include "trainer/checkpoint/box.h"

#include <gtest/gtest.h>

#include "trainer/checkpoint/crc32c.h"
#include "trainer/checkpoint/flat_boxes.h"

namespace genesis::trainer {
namespace {

TEST(Box, BoxesTileExactlyOrNot) {
  const Shape shape{4, 3};
  EXPECT_TRUE(tiles({whole_box(shape)}, shape));
  EXPECT_TRUE(tiles({{{0, 0}, {4, 1}}, {{2, 1}, {2, 2}}, {{0, 1}, {2, 2}}}, shape));
  EXPECT_FALSE(tiles({{{0, 0}, {4, 1}}, {{0, 1}, {2, 2}}}, shape)) << "a hole";
  EXPECT_FALSE(tiles({{{0, 0}, {3, 3}}, {{2, 0}, {1, 3}}}, shape))
      << "as many elements, but an overlap and a hole";
  EXPECT_FALSE(tiles({{{0, 0}, {5, 3}}}, shape)) << "outside";
  EXPECT_FALSE(tiles({{{0}, {12}}}, shape)) << "another number of dimensions";
  EXPECT_TRUE(tiles({}, {0, 3}));
  EXPECT_TRUE(tiles({whole_box({})}, {}));
}

TEST(Box, AFlatRangeIsAtMostThreeBoxesThatTileIt) {
  const Shape shape{5, 4};
  for (int64_t begin = 0; begin <= 20; ++begin)
    for (int64_t end = begin; end <= 20; ++end) {
      auto boxes = flat_boxes(shape, begin, end);
      EXPECT_LE(boxes.size(), 3u);
      for (const Box& rest : flat_boxes(shape, 0, begin)) boxes.push_back(rest);
      for (const Box& rest : flat_boxes(shape, end, 20)) boxes.push_back(rest);
      EXPECT_TRUE(tiles(boxes, shape)) << begin << " " << end;
    }
}

TEST(Crc32c, MeetsItsCheckValueInAnyPieces) {
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);
  EXPECT_EQ(crc32c("56789", 5, crc32c("1234", 4)), 0xe3069283u);
  EXPECT_EQ(crc32c(nullptr, 0), 0u);
  EXPECT_EQ(crc32c_text(0x1f), "0000001f");
}

}  // namespace
}  // namespace genesis::trainer
