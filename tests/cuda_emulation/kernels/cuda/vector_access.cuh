#pragma once
#include <cuda_runtime.h>

namespace genesis::kernels::cuda {

inline uint4 load_16_bytes(const void* from) {
  genesis::emulation::need_device_memory(from);
  return *static_cast<const uint4*>(from);
}
inline void store_16_bytes(void* to, const uint4& v) {
  genesis::emulation::need_device_memory(to);
  *static_cast<uint4*>(to) = v;
}

}  // namespace genesis::kernels::cuda
