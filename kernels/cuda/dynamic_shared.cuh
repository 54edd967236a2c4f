#pragma once

namespace genesis::kernels::cuda {

/// The shared memory a launch asked for (Grid::shared_bytes), 128-byte aligned.
__device__ inline char* dynamic_shared() {
  extern __shared__ __align__(128) char genesis_dynamic_shared[];
  return genesis_dynamic_shared;
}

}  // namespace genesis::kernels::cuda
