#pragma once
// The instructions of kernels/cuda/mma.cuh, computed by the lanes of an emulated warp from the fragment
// layout of the PTX manual (warp.cpp, async_copies.cpp).
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

template <class T>
inline float widen_bits(uint16_t bits) {
  T x;
  std::memcpy(static_cast<void*>(&x), &bits, 2);
  return widen(x);
}
template <class T>
inline void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
                GenesisSite site = GenesisSite::current()) {
  genesis::emulation::multiply_fragments(c, a, b0, b1, &widen_bits<T>, site);
}

using SharedAddress = const char*;
inline SharedAddress shared_address(const void* shared) { return static_cast<const char*>(shared); }

inline float power_of_two(float x) {
  const float y = std::exp2(x);
  return y < 0x1p-126f ? 0.0f : y;
}

inline void load_matrices(uint32_t (&r)[4], SharedAddress row, GenesisSite site = GenesisSite::current()) {
  genesis::emulation::load_fragments(r, row, false, site);
}
inline void load_matrices_transposed(uint32_t (&r)[4], SharedAddress row,
                                     GenesisSite site = GenesisSite::current()) {
  genesis::emulation::load_fragments(r, row, true, site);
}

inline void copy_async(void* shared, const void* global, bool valid) {
  genesis::emulation::copy_later(shared, global, valid);
}
inline void commit_copies() { genesis::emulation::commit_copies(); }
template <int kPending>
inline void wait_copies() {
  genesis::emulation::wait_for_copies(kPending);
}

}  // namespace genesis::kernels::cuda
