#include "kernels/owner_sums.h"

namespace genesis::kernels {

void run_cpu(const OwnerSums& o) {
  double* sums = o.sums.data<double>();
  const int64_t* owners = o.owners.data<int64_t>();
  for (int64_t p = 0; p < o.sums.numel(); ++p) sums[p] = 0;
  for (int64_t i = 0; i < o.values.numel(); ++i)
    sums[owners[i]] +=
        o.values.dtype() == DType::f64 ? o.values.data<double>()[i] : double(o.values.data<float>()[i]);
  for (int64_t p = 0; p < o.sums.numel(); ++p) sums[p] *= o.factor;
}

}  // namespace genesis::kernels
