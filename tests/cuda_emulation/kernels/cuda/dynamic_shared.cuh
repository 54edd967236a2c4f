#pragma once
#include <cuda_runtime.h>

namespace genesis::kernels::cuda {

inline char* dynamic_shared() { return genesis::emulation::shared_memory; }

}  // namespace genesis::kernels::cuda
