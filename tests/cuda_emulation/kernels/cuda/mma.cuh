#pragma once
// The instructions of kernels/cuda/mma.cuh, computed by the lanes of an emulated warp from the fragment
// layout of the PTX manual.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

template <class T>
inline void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  using namespace genesis::emulation;
  struct Fragment {
    uint32_t a[4], b[2];
  } mine{{a[0], a[1], a[2], a[3]}, {b0, b1}};
  LaneSlot* slots = warp_slots();
  std::memcpy(slots[lane()].bytes, &mine, sizeof(mine));
  warp_barrier();
  const int g = lane() / 4, t = lane() % 4;
  for (int e = 0; e < 4; ++e) {
    const int row = g + e / 2 * 8, column = t * 2 + e % 2;
    float sum = 0;
    for (int k = 0; k < 16; k += 2) {
      Fragment left, right;
      std::memcpy(&left, slots[row % 8 * 4 + k % 8 / 2].bytes, sizeof(left));
      std::memcpy(&right, slots[column * 4 + k % 8 / 2].bytes, sizeof(right));
      float x0, x1, y0, y1;
      unpack_two<T>(left.a[row / 8 + k / 8 * 2], x0, x1);
      unpack_two<T>(right.b[k / 8], y0, y1);
      sum += x0 * y0 + x1 * y1;
    }
    c[e] += sum;
  }
  warp_barrier();
}

using SharedAddress = const char*;
inline SharedAddress shared_address(const void* shared) { return static_cast<const char*>(shared); }

inline float power_of_two(float x) {
  const float y = std::exp2(x);
  return y < 0x1p-126f ? 0.0f : y;
}

template <bool kTransposed>
inline void exchange_matrices(uint32_t (&r)[4], const void* shared_row) {
  using namespace genesis::emulation;
  LaneSlot* slots = warp_slots();
  std::memcpy(slots[lane()].bytes, shared_row, 16);
  warp_barrier();
  const int g = lane() / 4, t = lane() % 4;
  for (int m = 0; m < 4; ++m) {
    uint16_t two[2];
    for (int j = 0; j < 2; ++j) {
      const int row = kTransposed ? t * 2 + j : g, column = kTransposed ? g : t * 2 + j;
      std::memcpy(&two[j], slots[m * 8 + row].bytes + column * 2, 2);
    }
    std::memcpy(&r[m], two, 4);
  }
  warp_barrier();
}
inline void load_matrices(uint32_t (&r)[4], SharedAddress row) { exchange_matrices<false>(r, row); }
inline void load_matrices_transposed(uint32_t (&r)[4], SharedAddress row) { exchange_matrices<true>(r, row); }

inline void copy_async(void* shared, const void* global, bool valid) {
  if (valid) {
    std::memcpy(shared, global, 16);
  } else {
    std::memset(shared, 0, 16);
  }
}
inline void commit_copies() {}
template <int kPending>
inline void wait_copies() {}

}  // namespace genesis::kernels::cuda
