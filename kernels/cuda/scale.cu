// One launch per array, 8 elements a thread; 2 s bytes per element. Launch: grid-stride, 256 threads. Share of peak:
// not measured.
#include "kernels/scale.h"

#include "kernels/cuda/pointwise.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Times {
  float factor;
  __device__ float operator()(float x) const { return x * factor; }
};

}  // namespace

void run_cuda(const Scale& o) {
  for (const Array& a : o.arrays) {
    if (a.numel() > 0) {
      dispatch_device(a.dtype(), [&](auto tag) {
        using T = decltype(tag);
        map<T, T>(o.kName, a, a, Times{float(o.factor)});
      });
    }
    a.storage().bump_version();
  }
}

}  // namespace genesis::kernels
