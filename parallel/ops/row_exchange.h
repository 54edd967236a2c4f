#pragma once
#include <functional>
#include <vector>

#include "parallel/row_chunks.h"

namespace genesis::parallel {

// What tensor-parallel layers do to activations between ranks. With sequence parallelism a rank holds its
// share of N rows (RowChunks; N a multiple of the ranks), without it all of them. An exchange goes in the
// chunks of RowChunks. Every row is one dot product per output whichever chunk it is in, and sums over ranks
// are element by element: the number of chunks changes no bit but where a product of so few rows takes
// another kernel.
// Errors: genesis::Error when N is no multiple of the ranks that share the rows.

/// N, from an array with the rows this rank holds.
int64_t rows_of_all(const Array& own, const TensorParallel& tp);

/// What is done with the rows of one chunk.
using UseRows = std::function<void(const Range& rows, const Array& part)>;
using MakeRows = std::function<void(const Range& rows)>;

/// All rows [N, W] from what each rank holds; x itself where ranks hold all rows.
///   use(rows, part): called for each chunk, in order, with its rows of all N and their values, while the
///   chunks behind it are on their way.
Array gather_rows(const Array& x, const TensorParallel& tp, const UseRows& use = {});

/// The sum over the ranks of `partial` [N, W], which it overwrites: the rows this rank holds.
///   make(rows): called for each chunk, in order, to compute those rows of `partial`, while the sums of the
///   chunks before it are on their way.
Array sum_rows(const Array& partial, const TensorParallel& tp, const MakeRows& make = {});

/// An array on its way.
struct Arriving {
  Array array;
  std::vector<Pending> pending;
  const Array& wait() const {
    for (const Pending& p : pending) p.wait();
    return array;
  }
};

/// The same while the caller computes: wait() before the array is used, and leave the input alone until then.
/// With tp.overlap.chunks 0 the array is there at once.
Arriving start_gathering_rows(const Array& x, const TensorParallel& tp);
Arriving start_summing_rows(const Array& partial, const TensorParallel& tp, const MakeRows& make = {});

/// Bytes a rank hands to gather_rows plus those to sum_rows, once each, for N rows of W elements: what the
/// log of the tp group says. All-reduce counts N W; reduce-scatter and all-gather count the part, N W / size.
int64_t exchange_bytes(int64_t rows, int64_t width, DType dtype, const TensorParallel& tp);

}  // namespace genesis::parallel
