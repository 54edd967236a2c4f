// Thread i handles elements i, i + stride, …; 1 read of src, 1 read (unless overwriting) and 1 write of dst per element.
// Memory bound; no cross-thread sums, so bitwise deterministic. Launch: 256 threads, at most 4096 blocks. Share of
// peak: not measured.
#include "kernels/accumulate.h"

#include <cuda_bf16.h>

#include "kernels/cuda/launch.h"

namespace genesis::kernels {
namespace {

template <class T>
struct DeviceType {
  using type = T;
};
template <>
struct DeviceType<bf16> {
  using type = __nv_bfloat16;
};

__device__ float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ float widen(float x) { return x; }
__device__ double widen(double x) { return x; }
template <class D, class A>
__device__ D narrow(A x) {
  if constexpr (std::is_same_v<D, __nv_bfloat16>) return __float2bfloat16_rn(float(x));
  else return D(x);
}

template <class S, class D>
__global__ void accumulate(const S* __restrict__ src, D* __restrict__ dst, int64_t n, bool overwrite) {
  const int64_t stride = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) {
    const auto x = widen(src[i]);
    dst[i] = overwrite ? narrow<D>(x) : narrow<D>(widen(dst[i]) + x);
  }
}

}  // namespace

void run_cuda(const Accumulate& op) {
  const int64_t n = op.dst.numel();
  if (n == 0) return;
  dispatch_compute(op.src.dtype(), [&](auto s) {
    dispatch_compute(op.dst.dtype(), [&](auto d) {
      using S = typename DeviceType<decltype(s)>::type;
      using D = typename DeviceType<decltype(d)>::type;
      accumulate<S, D><<<cuda::blocks_for(n), cuda::kThreads>>>(static_cast<const S*>(op.src.raw()),
                                                                static_cast<D*>(op.dst.raw()), n, op.overwrite);
      cuda::check_launch(Accumulate::kName);
    });
  });
}

}  // namespace genesis::kernels
