#pragma once
#include <cstdint>

#include "parallel/shard.h"
#include "parallel/tensor_parallel.h"

namespace genesis::parallel {

/// How many chunks N rows are exchanged in between so many ranks: overlap.chunks, or fewer where there are
/// not so many rows.
int64_t chunks_of(int64_t rows, int ranks, const RowOverlap& overlap);

/// The N rows (tokens) of a pass in the chunks in which a tensor-parallel group exchanges them. Under
/// sequence parallelism ranks share each chunk out by itself, so that a chunk of all ranks is one run of
/// rows, in order: rank r of P holds the r-th of P equal parts of every chunk, one behind the other.
///   N = 12, P = 2, 2 chunks: rank 0 holds rows 0 1 2 6 7 8, rank 1 rows 3 4 5 9 10 11
/// Errors: genesis::Error when ranks that share rows cannot share N evenly.
class RowChunks {
 public:
  RowChunks(int64_t rows, const TensorParallel& tp);

  int64_t rows() const { return rows_; }
  int64_t size() const { return chunks_; }
  /// Rows of chunk i: of all N.
  Range all(int64_t i) const;
  /// Of the array this rank holds between the layers; the same as all(i) where ranks hold all rows.
  Range own(int64_t i) const;
  /// Which of all N rows the rows own(i) are.
  Range place(int64_t i) const;

 private:
  int64_t rows_, chunks_;
  int ranks_;  // that share each chunk's rows
  int rank_;
};

}  // namespace genesis::parallel
