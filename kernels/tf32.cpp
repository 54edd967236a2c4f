#include "kernels/tf32.h"

#include "kernels/core/run.h"
#include "kernels/cuda/gemm.h"

namespace genesis::kernels {

void allow_tf32([[maybe_unused]] bool on) {
  if constexpr (kHasCuda) cuda::allow_tf32(on);
}

}  // namespace genesis::kernels
