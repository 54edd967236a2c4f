// As rope: a thread takes 8 neighbouring elements of a head; 2 s bytes per element. Share of peak: not measured.
#include "kernels/logn_scale.h"

#include "kernels/core/transfer.h"
#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void scale(const T* x, RowMap x_rows, const int32_t* positions, double length, T* y, RowMap y_rows,
                      int64_t rows, int64_t heads, int64_t width, bool aligned) {
  const int64_t chunks = (width + kVector - 1) / kVector;
  for (int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; t < rows * heads * chunks;
       t += int64_t(gridDim.x) * blockDim.x) {
    const int64_t row = t / chunks, i = t % chunks * kVector;
    const double p = double(positions[row / heads]) + 1;
    const float c = p > length ? float(log(p) / log(length)) : 1.0f;
    float v[kVector];
    load(x + x_rows.at(row), i, width, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) v[j] *= c;
    store(y + y_rows.at(row), i, width, aligned, v);
  }
}

}  // namespace

void run_cuda(const LognScale& o) {
  if (o.x.numel() == 0) return;
  const Array positions = card_copy(o.positions);
  const int64_t rows = o.x.dim(0), heads = o.x.dim(1), width = o.x.dim(2);
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, grid_for(rows * heads * ((width + kVector - 1) / kVector)), scale<T>, pointer<T>(o.x),
           rows_of(o.kName, o.x), pointer<int32_t>(positions), o.length, pointer<T>(o.y), rows_of(o.kName, o.y), rows,
           heads, width, is_aligned(o.x) && is_aligned(o.y));
  });
}

}  // namespace genesis::kernels
