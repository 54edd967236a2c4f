// A thread takes 8 neighbouring elements: 16-byte accesses; 12 bytes read or written per element and the second moment's
// 4 written back when a master is taken apart. No sums. Launch: grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/split_master.h"

#include "kernels/cuda/master_pack.cuh"
#include "kernels/cuda/pointwise.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Parts {
  DeviceBf16* weight;
  uint16_t* remainder;
  float* carrier;
};

__global__ void split(const float* master, Parts to, int64_t n, bool aligned) {
  const int64_t stride = int64_t(gridDim.x) * blockDim.x * kVector;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kVector; i < n; i += stride) {
    float w[kVector], v[kVector];
    load(master, i, n, aligned, w);
    load(to.carrier, i, n, aligned, v);
    store(to.weight, i, n, aligned, w);
    store_remainders(to.remainder, i, n, aligned, w, v);
    store(to.carrier, i, n, aligned, v);
  }
}

__global__ void join(Parts from, float* master, int64_t n, bool aligned) {
  const int64_t stride = int64_t(gridDim.x) * blockDim.x * kVector;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kVector; i < n; i += stride) {
    float w[kVector], v[kVector];
    load(from.weight, i, n, aligned, w);
    load(from.carrier, i, n, aligned, v);
    load_masters(from.remainder, i, n, aligned, w, v);
    store(master, i, n, aligned, w);
  }
}

Parts parts_of(const SplitArrays& a) {
  return {pointer<DeviceBf16>(a.weight), pointer<uint16_t>(a.remainder), pointer<float>(a.second_moment)};
}

bool all_aligned(const Array& master, const SplitArrays& a) {
  return starts_aligned(master) && starts_aligned(a.weight) && starts_aligned(a.remainder) &&
         starts_aligned(a.second_moment);
}

Grid grid_of(int64_t n) { return grid_for((n + kVector - 1) / kVector); }

}  // namespace

void run_cuda(const SplitMaster& o) {
  const int64_t n = o.master.numel();
  if (n > 0)
    launch(o.kName, grid_of(n), split, static_cast<const float*>(o.master.raw()), parts_of(o.into), n,
           all_aligned(o.master, o.into));
  o.into.weight.storage().bump_version();
}

void run_cuda(const JoinMaster& o) {
  const int64_t n = o.master.numel();
  if (n > 0)
    launch(o.kName, grid_of(n), join, parts_of(o.from), pointer<float>(o.master), n, all_aligned(o.master, o.from));
}

}  // namespace genesis::kernels
