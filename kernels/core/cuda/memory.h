#pragma once
#include <cstdint>

namespace genesis::cuda {

/// Device memory by cudaMalloc; nullptr when the device has none left.
/// Errors: genesis::Error in a build without CUDA, or on a machine without a usable GPU.
void* allocate_bytes(int64_t bytes);
void free_bytes(void* data) noexcept;

}  // namespace genesis::cuda
