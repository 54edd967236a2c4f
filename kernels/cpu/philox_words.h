#pragma once
#include <cstdint>

#include "kernels/core/rng.h"

namespace genesis::kernels {

/// The four words of each of `count` consecutive Philox counters, beside each other (words [4 count]).
inline void philox_words(const RandomStream& s, uint64_t first, int64_t count, uint32_t* words) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t low = first + uint64_t(i);
    uint32_t c0 = uint32_t(low), c1 = uint32_t(low >> 32), c2 = uint32_t(s.stream),
             c3 = uint32_t(s.stream >> 32);
    uint32_t k0 = uint32_t(s.seed), k1 = uint32_t(s.seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {  // genesis::philox, written so that it becomes vector code
      const uint64_t p0 = uint64_t(0xD2511F53u) * c0, p1 = uint64_t(0xCD9E8D57u) * c2;
      const uint32_t n0 = uint32_t(p1 >> 32) ^ c1 ^ k0, n2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
      c1 = uint32_t(p1);
      c3 = uint32_t(p0);
      c0 = n0;
      c2 = n2;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    words[4 * i] = c0;
    words[4 * i + 1] = c1;
    words[4 * i + 2] = c2;
    words[4 * i + 3] = c3;
  }
}

}  // namespace genesis::kernels
