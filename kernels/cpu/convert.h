#pragma once
#include "kernels/core/dtype.h"

namespace genesis::kernels {

/// to = from, between any two dtypes: half types go through f32. By reference, for the reason given at
/// store().
template <class S, class D>
inline void convert(const S& from, D& to) {
  constexpr bool kFromHalf = std::is_same_v<S, bf16> || std::is_same_v<S, f16>;
  constexpr bool kToHalf = std::is_same_v<D, bf16> || std::is_same_v<D, f16>;
  if constexpr (std::is_same_v<S, D>) {
    to = from;
  } else if constexpr (kToHalf) {
    to.bits = D(float(from)).bits;
  } else if constexpr (kFromHalf) {
    to = static_cast<D>(float(from));
  } else {
    to = static_cast<D>(from);
  }
}

}  // namespace genesis::kernels
