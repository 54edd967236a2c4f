#pragma once
#include "kernels/core/dtype.h"

namespace genesis::kernels {

/// One value of any dtype as another: half types go through f32.
template <class D, class S>
inline D convert(S s) {
  constexpr bool kFromHalf = std::is_same_v<S, bf16> || std::is_same_v<S, f16>;
  constexpr bool kToHalf = std::is_same_v<D, bf16> || std::is_same_v<D, f16>;
  if constexpr (std::is_same_v<S, D>) {
    return s;
  } else if constexpr (kFromHalf || kToHalf) {
    return D(float(s));
  } else {
    return static_cast<D>(s);
  }
}

}  // namespace genesis::kernels
