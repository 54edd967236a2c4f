#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::kernels::cuda {

inline constexpr int kThreads = 256;

struct Grid {
  int64_t blocks = 0;        ///< of x; nothing is launched for 0
  int threads = kThreads;    ///< of x
  int64_t shared_bytes = 0;  ///< dynamic
  int64_t blocks_y = 1;
  int threads_y = 1;
};

/// The one place that launches a kernel: on the current stream, checked, and waited for when launches block.
/// Errors: genesis::Error naming the kernel when the launch was refused (or, when launches block, failed).
template <class... P, class... A>
void launch(const char* name, const Grid& grid, void (*kernel)(P...), A&&... arguments) {
  if (grid.blocks <= 0 || grid.blocks_y <= 0) return;
  const genesis::cuda::StreamHandle stream = genesis::cuda::current_stream();
  if (grid.shared_bytes > (int64_t{48} << 10)) {
    GENESIS_CUDA(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                      cudaFuncAttributeMaxDynamicSharedMemorySize, int(grid.shared_bytes)));
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(grid.blocks), unsigned(grid.blocks_y), 1);
  config.blockDim = dim3(unsigned(grid.threads), unsigned(grid.threads_y), 1);
  config.dynamicSmemBytes = size_t(grid.shared_bytes);
  config.stream = stream;
  cudaError_t status = cudaLaunchKernelEx(&config, kernel, static_cast<P>(arguments)...);
  if (status == cudaSuccess && genesis::cuda::launch_blocking()) status = cudaStreamSynchronize(stream);
  if (status != cudaSuccess) [[unlikely]]
    genesis::cuda::fail(status, name, __FILE_NAME__, __LINE__);
}

/// Blocks for `items` threads of a grid-stride loop: enough to fill any card, not more.
inline Grid grid_for(int64_t items, int threads = kThreads) {
  return {.blocks = std::min<int64_t>((items + threads - 1) / threads, 8192), .threads = threads};
}

}  // namespace genesis::kernels::cuda
