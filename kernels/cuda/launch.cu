#include "kernels/cuda/launch.h"

#include <cuda_runtime.h>

#include "kernels/core/check.h"

namespace genesis::kernels::cuda {

void check_launch(const char* kernel) {
  const cudaError_t status = cudaGetLastError();
  GENESIS_CHECK(status == cudaSuccess, kernel, ": launch failed: ", cudaGetErrorString(status));
}

}  // namespace genesis::kernels::cuda
