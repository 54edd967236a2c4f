// One element's formula, 8 elements a thread; 2 s bytes per element. Launch: grid-stride, 256 threads. Share of peak:
// not measured.
#include "kernels/affine.h"

#include "kernels/cuda/pointwise.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Line {
  float factor, offset;
  __device__ float operator()(float x) const { return factor * x + offset; }
};

}  // namespace

void run_cuda(const Affine& o) {
  if (o.y.numel() == 0) return;
  dispatch_device(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    map<T, T>(o.kName, o.x, o.y, Line{float(o.factor), float(o.offset)});
  });
}

}  // namespace genesis::kernels
