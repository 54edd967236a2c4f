#pragma once
// The tensor-core instructions of sm_80 and the copies that feed them. Fragments as in the PTX manual,
// m16n8k16: with g = lane / 4 and t = lane % 4, A holds rows g, g + 8 and columns 2t, 2t + 1, 2t + 8, 2t + 9;
// B columns g and rows as A's columns; C rows g (c0, c1) and g + 8 (c2, c3), columns 2t, 2t + 1.
#include <cstdint>

#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// c += a b, f32 sums.
template <class T>
__device__ inline void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  if constexpr (std::is_same_v<T, DeviceBf16>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};\n"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};\n"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

/// Where something lies in shared memory, in bytes; adding to it is one instruction, or none.
using SharedAddress = uint32_t;
__device__ inline SharedAddress shared_address(const void* shared) {
  return SharedAddress(__cvta_generic_to_shared(shared));
}

/// 2^x in one instruction: results below 2^-126 are 0.
__device__ inline float power_of_two(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
  return y;
}

/// Four 8 x 8 matrices of 16-bit elements: lane l names row l % 8 of matrix l / 8. Lane (g, t) gets row g,
/// columns 2t and 2t + 1 of each.
__device__ inline void load_matrices(uint32_t (&r)[4], SharedAddress row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(row));
}
/// The same, transposed: lane (g, t) gets column g, rows 2t and 2t + 1 of each.
__device__ inline void load_matrices_transposed(uint32_t (&r)[4], SharedAddress row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(row));
}

/// 16 bytes from device to shared memory without registers; zeros when not `valid` (the source is then not
/// read).
__device__ inline void copy_async(void* shared, const void* global, bool valid) {
  const auto address = uint32_t(__cvta_generic_to_shared(shared));
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(address), "l"(global), "r"(bytes)
               : "memory");
}
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
/// Waits until at most kPending groups of this thread's copies are under way.
template <int kPending>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(kPending) : "memory");
}

}  // namespace genesis::kernels::cuda
