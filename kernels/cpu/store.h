#pragma once
#include "kernels/core/dtype.h"

namespace genesis::kernels {

/// to = v, rounded to T. Kernels write through this and not through `to = T(v)`: in an `omp simd` loop gcc
/// gives the temporary bf16 an array of its own and then cannot turn the loop into vector code.
template <class T>
inline void store(T& to, accumulate_t<T> v) {
  if constexpr (std::is_same_v<T, bf16>) {
    to.bits = bf16(v).bits;
  } else {
    to = v;
  }
}

/// v rounded to T and back.
template <class T>
inline accumulate_t<T> rounded(accumulate_t<T> v) {
  if constexpr (std::is_same_v<T, bf16>) {
    return std::bit_cast<float>(uint32_t(bf16(v).bits) << 16);
  } else {
    return v;
  }
}

}  // namespace genesis::kernels
