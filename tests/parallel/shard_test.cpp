#include "parallel/shard.h"

#include <gtest/gtest.h>

namespace genesis::parallel {
namespace {

TEST(Shard, StackedBlocksAreSharedOutOneByOne) {
  const Shard s = stacked_rows({{8, 0}, {6, 0}}, {14, 3}, 1, 2);
  EXPECT_EQ(s.global, (Shape{14, 3}));
  EXPECT_EQ(s.local, (Shape{7, 3}));
  const std::vector<ShardPiece> pieces{{{4, 0}, {4, 3}, {0, 0}, true}, {{11, 0}, {3, 3}, {4, 0}, true}};
  EXPECT_EQ(s.pieces, pieces);
}

TEST(Shard, FewerUnitsThanRanksAreReplicated) {
  for (int rank = 0; rank < 4; ++rank) {  // 4 query heads of 2 rows, 2 key heads
    const Shard s = stacked_rows({{8, 4}, {4, 2}}, {12}, rank, 4);
    EXPECT_EQ(s.local, (Shape{4}));
    ASSERT_EQ(s.pieces.size(), 2u);
    EXPECT_EQ(s.pieces[0], (ShardPiece{{2 * rank}, {2}, {0}, true}));
    EXPECT_EQ(s.pieces[1], (ShardPiece{{8 + rank / 2 * 2}, {2}, {2}, rank % 2 == 0}));
    EXPECT_EQ(s.has_replicas(), rank % 2 == 1);
  }
  EXPECT_THROW(stacked_rows({{4, 2}}, {4}, 0, 3), Error);
}

TEST(Shard, ColumnsAndWholeTensors) {
  EXPECT_EQ(Shard::columns({2, 6}, 2, 3).pieces[0], (ShardPiece{{0, 4}, {2, 2}, {0, 0}, true}));
  EXPECT_TRUE(Shard::columns({2, 6}, 0, 1).is_whole());
  EXPECT_TRUE(Shard::whole({5}, 0).pieces[0].owned);
  EXPECT_FALSE(Shard::whole({5}, 1).pieces[0].owned);
}

TEST(Shard, SharesDifferByAtMostOneAndTile) {
  for (int size = 1; size < 6; ++size)
    for (int64_t extent = 0; extent < 20; ++extent) {
      int64_t at = 0;
      for (int rank = 0; rank < size; ++rank) {
        const Range r = share_of(extent, rank, size);
        EXPECT_EQ(r.begin, at);
        EXPECT_LE(std::abs(r.size() - extent / size), 1);
        at = r.end;
      }
      EXPECT_EQ(at, extent);
    }
}

TEST(Shard, OwnedElementsOfAParameter) {
  Tensor p(Array::zeros({4, 3}, DType::f32), true);
  EXPECT_EQ(owned_elements(p), (std::vector<Range>{{0, 12}}));
  set_shard(p, stacked_rows({{4, 4}, {2, 2}, {2, 2}}, {8, 3}, 0, 2));
  EXPECT_EQ(owned_elements(p), (std::vector<Range>{{0, 12}}));
  Tensor q(Array::zeros({3, 3}, DType::f32), true);
  set_shard(q, stacked_rows({{4, 4}, {1, 1}, {1, 1}}, {6, 3}, 3, 4));
  EXPECT_EQ(owned_elements(q), (std::vector<Range>{{0, 3}}));
  EXPECT_THROW(set_shard(q, Shard::whole({4, 3})), Error);
}

}  // namespace
}  // namespace genesis::parallel
