#pragma once
#include <cuda_runtime.h>

namespace genesis::kernels::cuda {

inline uint4 load_16_bytes(const void* from) { return *static_cast<const uint4*>(from); }
inline void store_16_bytes(void* to, const uint4& v) { *static_cast<uint4*>(to) = v; }

}  // namespace genesis::kernels::cuda
