#pragma once
// Accesses of 16 bytes, as instructions: assignments of structs, and of uint4 too, the compiler may take
// apart into accesses of 2 and 4 bytes, which cost a kernel that only moves memory most of its speed.
#include <cuda_runtime.h>

namespace genesis::kernels::cuda {

/// From and to device memory (not shared memory), on 16 bytes.
__device__ inline uint4 load_16_bytes(const void* from) {
  uint4 v;
  asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(from)
               : "memory");
  return v;
}
__device__ inline void store_16_bytes(void* to, const uint4& v) {
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};\n" ::"l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
               : "memory");
}

}  // namespace genesis::kernels::cuda
