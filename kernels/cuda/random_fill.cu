// One element a thread, one Philox call each; s bytes per element written. Uniform numbers are those of the CPU bit for
// bit; normal ones are computed in f64 as there and may differ in the last bit of log and cos before rounding.
// Launch: grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/random_fill.h"

#include <numbers>

#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

constexpr double kTwoPi = 2.0 * std::numbers::pi;

__device__ double normal(const Words& w, bool second) {
  const double u = (double((uint64_t(w.w[0]) << 21) ^ (w.w[1] >> 11)) + 1.0) * 0x1p-53;  // (0, 1]
  const double v = (double(w.w[2]) + 0.5) * 0x1p-32;
  const double radius = sqrt(-2.0 * log(u)), angle = kTwoPi * v;
  return radius * (second ? sin(angle) : cos(angle));
}

template <class T>
__global__ void fill(T* y, int64_t n, bool is_normal, double a, double b, uint64_t seed, uint64_t stream,
                     uint64_t first_element) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += int64_t(gridDim.x) * blockDim.x) {
    const uint64_t element = first_element + uint64_t(i);
    double value;
    if (is_normal) {
      value = a + b * normal(philox_words(seed, stream, element / 2), element % 2 == 1);
    } else {
      const Words w = philox_words(seed, stream, element / 4);
      const uint32_t k = uint32_t(element % 4);
      const uint32_t word = k == 0 ? w.w[0] : k == 1 ? w.w[1] : k == 2 ? w.w[2] : w.w[3];
      value = a + (b - a) * double(float(word >> 8) * 0x1p-24f);
    }
    y[i] = narrow<T>(float(value));
  }
}

}  // namespace

void run_cuda(const RandomFill& o) {
  if (o.y.numel() == 0) return;
  dispatch_device(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, grid_for(o.y.numel()), fill<T>, pointer<T>(o.y), o.y.numel(),
           o.distribution == Distribution::normal, o.a, o.b, o.stream.seed, o.stream.stream, o.first_element);
  });
}

}  // namespace genesis::kernels
