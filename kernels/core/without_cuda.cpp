#include "kernels/core/check.h"
#include "kernels/core/cuda/memory.h"

#ifndef GENESIS_CUDA
namespace genesis::cuda {

void* allocate_bytes(int64_t) { GENESIS_CHECK(false, "device cuda: this program was built without CUDA"); }
void free_bytes(void*) noexcept {}

}  // namespace genesis::cuda
#endif
