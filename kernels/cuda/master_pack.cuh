#pragma once
// Masters of a vector of elements, from and to weight, remainder and the second moment's sign
// (kernels/split_master.h).
#include "kernels/core/master_bits.h"
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// w: weights, become masters. v: second moments with the bit of ties, lose it. `aligned` as in load().
__device__ inline void load_masters(const uint16_t* remainder, int64_t i, int64_t n, bool aligned, float (&w)[kVector],
                                    float (&v)[kVector]) {
  uint16_t lower[kVector];
  if (aligned && i + kVector <= n) {
    const uint4 words = load_16_bytes(remainder + i);
    const uint32_t word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int j = 0; j < kVector; ++j) lower[j] = uint16_t(word[j / 2] >> (j % 2 * 16));
  } else {
#pragma unroll
    for (int j = 0; j < kVector; ++j) lower[j] = i + j < n ? remainder[i + j] : uint16_t(0);
  }
#pragma unroll
  for (int j = 0; j < kVector; ++j) {
    w[j] = __uint_as_float(joined_bits(__float_as_uint(w[j]), lower[j], __float_as_uint(v[j]) >> 31 != 0));
    v[j] = fabsf(v[j]);
  }
}

/// w: masters; v: second moments, get the bit of ties. The weights themselves are stored by store().
__device__ inline void store_remainders(uint16_t* remainder, int64_t i, int64_t n, bool aligned,
                                        const float (&w)[kVector], float (&v)[kVector]) {
  uint16_t lower[kVector];
#pragma unroll
  for (int j = 0; j < kVector; ++j) {
    const uint32_t bits = __float_as_uint(w[j]);
    lower[j] = remainder_bits(bits);
    v[j] = copysignf(v[j], is_carried_tie(bits) ? -1.0f : 1.0f);
  }
  if (aligned && i + kVector <= n) {
    uint32_t word[4];
#pragma unroll
    for (int w2 = 0; w2 < 4; ++w2) word[w2] = uint32_t(lower[2 * w2]) | uint32_t(lower[2 * w2 + 1]) << 16;
    store_16_bytes(remainder + i, {word[0], word[1], word[2], word[3]});
  } else {
#pragma unroll
    for (int j = 0; j < kVector; ++j)
      if (i + j < n) remainder[i + j] = lower[j];
  }
}

}  // namespace genesis::kernels::cuda
