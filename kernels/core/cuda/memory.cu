#include "kernels/core/cuda/memory.h"

#include <cuda_runtime.h>

#include "kernels/core/check.h"

namespace genesis::cuda {

void* allocate_bytes(int64_t bytes) {
  void* data = nullptr;
  const cudaError_t status = cudaMalloc(&data, size_t(bytes));
  if (status == cudaErrorMemoryAllocation) return nullptr;
  GENESIS_CHECK(status == cudaSuccess, "cudaMalloc(", bytes, "): ", cudaGetErrorString(status));
  return data;
}

void free_bytes(void* data) noexcept { (void)cudaFree(data); }

}  // namespace genesis::cuda
