#pragma once
#include <cuda_runtime.h>

#include "kernels/core/check.h"

namespace genesis::cuda {

/// Throws genesis::Error naming the call, the CUDA error and what it usually means to a user.
[[noreturn]] void fail(cudaError_t status, const char* call, const char* file, int line);

}  // namespace genesis::cuda

/// Calls a function of the CUDA runtime and throws genesis::Error naming it when it fails.
#define GENESIS_CUDA(...)                                                               \
  do {                                                                                  \
    if (const cudaError_t status_ = (__VA_ARGS__); status_ != cudaSuccess) [[unlikely]] \
      ::genesis::cuda::fail(status_, #__VA_ARGS__, __FILE_NAME__, __LINE__);            \
  } while (false)
