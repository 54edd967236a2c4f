#include "parallel/row_chunks.h"

#include <algorithm>

namespace genesis::parallel {

int64_t chunks_of(int64_t rows, int ranks, const RowOverlap& overlap) {
  const int64_t least = std::max<int64_t>(overlap.chunk_rows, ranks);
  return std::clamp<int64_t>(overlap.chunks, 1, std::max<int64_t>(1, rows / least));
}

RowChunks::RowChunks(int64_t rows, const TensorParallel& tp)
    : rows_(rows), ranks_(tp.splits_rows() ? tp.size() : 1), rank_(tp.splits_rows() ? tp.rank() : 0) {
  GENESIS_CHECK(rows % ranks_ == 0, "sequence parallel: ", rows, " rows on ", ranks_, " ranks");
  chunks_ = tp.is_split() ? chunks_of(rows, tp.size(), tp.overlap) : 1;
}

Range RowChunks::own(int64_t i) const { return share_of(rows_ / ranks_, int(i), int(chunks_)); }

Range RowChunks::all(int64_t i) const {
  const Range part = own(i);
  return {part.begin * ranks_, part.end * ranks_};
}

Range RowChunks::place(int64_t i) const {
  const int64_t begin = all(i).begin + rank_ * own(i).size();
  return {begin, begin + own(i).size()};
}

}  // namespace genesis::parallel
