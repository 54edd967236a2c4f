// A thread takes 8 neighbouring elements: 2 (3 off the grid of counters) Philox calls, 16-byte accesses, 2 s bytes per
// element. The numbers are those of the CPU. Launch: grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/dropout.h"

#include <cmath>

#include "kernels/cuda/pointwise.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void dropout(const T* x, T* y, int64_t n, bool aligned, uint64_t seed, uint64_t stream,
                        uint64_t first_element, uint32_t limit, float scale) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x * kVector;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kVector; i < n; i += step) {
    float v[kVector];
    load(x, i, n, aligned, v);
    uint64_t counter = ~uint64_t{0};
    Words words{};
#pragma unroll
    for (int j = 0; j < kVector; ++j) {
      const uint64_t element = first_element + uint64_t(i + j);
      if (element / 4 != counter) {
        counter = element / 4;
        words = philox_words(seed, stream, counter);
      }
      const uint32_t k = uint32_t(element % 4);
      const uint32_t word = k == 0 ? words.w[0] : k == 1 ? words.w[1] : k == 2 ? words.w[2] : words.w[3];
      v[j] *= (word >> 8) >= limit ? scale : 0.0f;
    }
    store(y, i, n, aligned, v);
  }
}

}  // namespace

void run_cuda(const Dropout& o) {
  const int64_t n = o.x.numel();
  if (n == 0) return;
  const auto limit = uint32_t(std::ceil(float(o.p) * 0x1p24f));
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, grid_for((n + kVector - 1) / kVector), dropout<T>, pointer<T>(o.x), pointer<T>(o.y), n,
           starts_aligned(o.x) && starts_aligned(o.y), o.stream.seed, o.stream.stream, o.first_element, limit,
           float(1.0 / (1.0 - o.p)));
  });
}

}  // namespace genesis::kernels
