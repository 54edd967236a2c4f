// A block a row; s bytes per element, read once. The winner is the pair (value, place) with the larger value, of equal
// ones the smaller place, so the order of comparing does not matter. Launch: H / 8 threads, at most 1024. Share of peak:
// not measured.
#include "kernels/argmax.h"

#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Best {
  float value;
  int64_t place;
};

/// NaN above everything, then larger values, then smaller places; place < 0 is nothing yet.
__device__ bool beats(const Best& a, const Best& b) {
  if (a.place < 0 || b.place < 0) return b.place < 0 && a.place >= 0;
  const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan != b_nan) return a_nan;
  if (!a_nan && a.value != b.value) return a.value > b.value;
  return a.place < b.place;
}

template <class T>
__global__ void argmax(const T* x, RowMap rows, int64_t* y, int64_t width) {
  __shared__ Best found[32];
  const T* row = x + rows.at(blockIdx.x);
  Best best{0, -1};
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const Best here{widen(row[i]), i};
    if (beats(here, best)) best = here;
  }
  for (int step = 16; step > 0; step /= 2) {
    const Best other{__shfl_xor_sync(0xffffffffu, best.value, step),
                     __shfl_xor_sync(0xffffffffu, best.place, step)};
    if (beats(other, best)) best = other;
  }
  if (threadIdx.x % 32 == 0) found[threadIdx.x / 32] = best;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 1; w < int(blockDim.x) / 32; ++w)
    if (beats(found[w], best)) best = found[w];
  y[blockIdx.x] = best.place;
}

}  // namespace

void run_cuda(const Argmax& o) {
  if (o.y.numel() == 0) return;
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = o.y.numel(), .threads = row_threads(o.x.dim(-1))}, argmax<T>, pointer<T>(o.x),
           rows_of(o.kName, o.x), pointer<int64_t>(o.y), o.x.dim(-1));
  });
}

}  // namespace genesis::kernels
