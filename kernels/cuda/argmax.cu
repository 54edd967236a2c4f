// A block a row; s bytes per element, read once. The winner is the pair (value, place) with the larger value, of equal
// ones the smaller place, so the order of comparing does not matter. Launch: H / 8 threads, at most 1024. Share of peak:
// not measured.
#include "kernels/argmax.h"

#include "kernels/cuda/best.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void argmax(const T* x, RowMap rows, int64_t* y, int64_t width) {
  __shared__ Best scratch[33];
  const Best best = best_of_row(x + rows.at(blockIdx.x), width, scratch);
  if (threadIdx.x == 0) y[blockIdx.x] = best.place;
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
