// A thread a sum, which looks at every owner: hundreds of values, made once a step. Share of peak: not measured.
#include "kernels/core/transfer.h"
#include "kernels/cuda/device.cuh"
#include "kernels/owner_sums.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void owner_sums(const T* values, const int64_t* owners, int64_t count, double factor, double* sums,
                           int64_t places) {
  const int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (p >= places) return;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    if (owners[i] == p) sum += double(values[i]);
  sums[p] = sum * factor;
}

template <class T>
void launch_sums(const OwnerSums& o, const Array& owners) {
  launch(o.kName, grid_for(o.sums.numel()), owner_sums<T>, pointer<const T>(o.values), pointer<const int64_t>(owners),
         o.values.numel(), o.factor, pointer<double>(o.sums), o.sums.numel());
}

}  // namespace

void run_cuda(const OwnerSums& o) {
  const Array owners = card_copy(o.owners);
  o.values.dtype() == DType::f64 ? launch_sums<double>(o, owners) : launch_sums<float>(o, owners);
}

}  // namespace genesis::kernels
