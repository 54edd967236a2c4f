#pragma once
#include "parallel/tensor_parallel.h"

namespace genesis::parallel {

// What tensor-parallel layers do to activations between ranks. With sequence parallelism a rank holds rows
// [N rank / size, N (rank + 1) / size) of N (a multiple of size), without it all of them.

/// All rows [N, W] from what each rank holds; x itself where ranks hold all rows.
Array gather_rows(const Array& x, const TensorParallel& tp);

/// The sum over the ranks of `partial` [N, W], which it overwrites: the rows this rank holds.
/// Errors: genesis::Error when N is no multiple of the ranks that share the rows.
Array sum_rows(const Array& partial, const TensorParallel& tp);

/// An array on its way.
struct Arriving {
  Array array;
  Pending pending;
  const Array& wait() const {
    pending.wait();
    return array;
  }
};

/// The same while the caller computes: wait() before the array is used, and leave the input alone until then.
Arriving start_gathering_rows(const Array& x, const TensorParallel& tp);
Arriving start_summing_rows(const Array& partial, const TensorParallel& tp);

/// Bytes a rank hands to gather_rows plus those to sum_rows, once each, for N rows of W elements: what the
/// log of the tp group says. All-reduce counts N W; reduce-scatter and all-gather count the part, N W / size.
int64_t exchange_bytes(int64_t rows, int64_t width, DType dtype, const TensorParallel& tp);

}  // namespace genesis::parallel
