#pragma once
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// A candidate for the largest of a row.
struct Best {
  float value;
  uint32_t filled = 0;  // where padding would be: whoever copies all 16 bytes reads nothing unwritten
  int64_t place;
};

/// NaN above everything, then larger values, then smaller places; place < 0 is nothing yet.
__device__ inline bool beats(const Best& a, const Best& b) {
  if (a.place < 0 || b.place < 0) return b.place < 0 && a.place >= 0;
  const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan != b_nan) return a_nan;
  if (!a_nan && a.value != b.value) return a.value > b.value;
  return a.place < b.place;
}

/// The best of row[0, width), in every thread of the block; the order of comparing does not matter.
template <class T>
__device__ inline Best best_of_row(const T* row, int64_t width, Best* scratch) {
  Best best{.value = 0, .place = -1};
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const Best here{.value = widen(row[i]), .place = i};
    if (beats(here, best)) best = here;
  }
  return block_reduce(best, scratch, Best{.value = 0, .place = -1}, [](Best mine) {
    for (int step = 16; step > 0; step /= 2) {
      const Best other{.value = __shfl_xor_sync(0xffffffffu, mine.value, step),
                       .place = __shfl_xor_sync(0xffffffffu, mine.place, step)};
      if (beats(other, mine)) mine = other;
    }
    return mine;
  });
}

}  // namespace genesis::kernels::cuda
