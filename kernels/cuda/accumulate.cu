// A thread takes 8 neighbouring elements: 16-byte accesses; reads src (and dst unless overwriting), writes dst once. No
// sums between threads. Launch: grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/accumulate.h"

#include "kernels/cuda/pointwise.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class S, class D>
__global__ void add(const S* src, D* dst, int64_t n, bool aligned) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x * kVector;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kVector; i < n; i += step) {
    float u[kVector], v[kVector];
    load(src, i, n, aligned, u);
    load(dst, i, n, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) v[j] += u[j];
    store(dst, i, n, aligned, v);
  }
}

struct Same {
  __device__ float operator()(float x) const { return x; }
};

}  // namespace

void run_cuda(const Accumulate& o) {
  const int64_t n = o.dst.numel();
  if (n == 0) return;
  GENESIS_CHECK(o.src.device() == Device::cuda, o.kName, ": src is on the CPU, dst on a card");
  if (o.overwrite && o.src.dtype() == o.dst.dtype())
    return genesis::cuda::copy_on_card(o.dst.raw(), o.src.raw(), o.dst.nbytes());
  dispatch_device(o.src.dtype(), [&](auto s) {
    dispatch_device(o.dst.dtype(), [&](auto d) {
      using S = decltype(s);
      using D = decltype(d);
      const bool aligned = starts_aligned(o.src) && starts_aligned(o.dst);
      const Grid grid = grid_for((n + kVector - 1) / kVector);
      if (o.overwrite)
        return launch(o.kName, grid, map_flat<S, D, Same>, pointer<S>(o.src), pointer<D>(o.dst), n, aligned, Same{});
      launch(o.kName, grid, add<S, D>, pointer<S>(o.src), pointer<D>(o.dst), n, aligned);
    });
  });
}

}  // namespace genesis::kernels
