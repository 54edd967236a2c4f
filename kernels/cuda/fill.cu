// One element a thread, by a switch over the dtype; flat zeros by the driver. s bytes per element written. Launch:
// grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/fill.h"

#include "kernels/cuda/any_type.cuh"
#include "kernels/cuda/strided.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

__global__ void fill(void* dst, DType t, double value, StridedIndex<1> index) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < index.count;
       i += int64_t(gridDim.x) * blockDim.x)
    write_any(dst, t, index(i).at[0], value);
}

}  // namespace

void run_cuda(const Fill& o) {
  if (o.dst.numel() == 0) return;
  const auto index = strided_index<1>(o.kName, o.dst.shape(), {o.dst.strides()});
  if (index.flat && o.value == 0) return genesis::cuda::zero_on_card(o.dst.raw(), o.dst.nbytes());
  launch(o.kName, grid_for(index.count), fill, o.dst.raw(), o.dst.dtype(), o.value, index);
}

}  // namespace genesis::kernels
