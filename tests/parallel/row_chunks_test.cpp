#include "parallel/row_chunks.h"

#include <gtest/gtest.h>

#include "parallel/local_group.h"

namespace genesis::parallel {
namespace {

TEST(RowChunks, ChunksTileTheRowsAndRanksTileEachChunk) {
  constexpr int kRanks = 3;
  for (const bool sequence : {false, true})
    for (const int asked : {0, 1, 2, 4, 100})
      for (const int64_t rows : {3, 12, 30}) {
        std::vector<int> holders(size_t(rows), 0);  // [rows] ranks that hold each
        LocalGroup::run(kRanks, [&](Communicator& group) {
          const RowChunks chunks(rows, {&group, sequence, {asked}});
          EXPECT_EQ(chunks.size(), std::clamp<int64_t>(asked, 1, rows / kRanks));
          int64_t all = 0, own = 0;
          for (int64_t i = 0; i < chunks.size(); ++i) {
            const Range here = chunks.all(i), mine = chunks.own(i), place = chunks.place(i);
            EXPECT_EQ(here.begin, all);
            EXPECT_EQ(mine.begin, own);
            EXPECT_EQ(here.size(), mine.size() * (sequence ? kRanks : 1));
            EXPECT_GT(mine.size(), 0);
            EXPECT_EQ(place.begin, here.begin + (sequence ? group.rank() * mine.size() : 0));
            EXPECT_EQ(place.size(), mine.size());
            all = here.end;
            own = mine.end;
            group.barrier();  // one rank after the other
            for (int r = 0; r < kRanks; ++r) {
              if (r == group.rank())
                for (int64_t n = place.begin; n < place.end; ++n) ++holders[size_t(n)];
              group.barrier();
            }
          }
          EXPECT_EQ(all, rows);
          EXPECT_EQ(own, sequence ? rows / kRanks : rows);
        });
        for (const int n : holders) EXPECT_EQ(n, sequence ? 1 : kRanks);
      }
}

TEST(RowChunks, NoChunkHasFewerRowsThanAsked) {
  LocalGroup::run(2, [](Communicator& group) {
    EXPECT_EQ(RowChunks(1000, TensorParallel{&group, false, {4, 256}}).size(), 3);
    EXPECT_EQ(RowChunks(1024, TensorParallel{&group, true, {4, 256}}).size(), 4);
    EXPECT_EQ(RowChunks(255, TensorParallel{&group, false, {4, 256}}).size(), 1);
    EXPECT_EQ(RowChunks(1, TensorParallel{&group, false, {4}}).size(), 1);
    EXPECT_THROW(RowChunks(7, TensorParallel{&group, true}), Error);
  });
  EXPECT_EQ(RowChunks(7, TensorParallel{}).size(), 1);
}

}  // namespace
}  // namespace genesis::parallel
