#pragma once
#include "kernels/core/dtype.h"

namespace genesis::kernels {

/// Calls fn with a value of the C++ type of an array that holds T itself or the type T's sums are kept in.
template <class T, class Fn>
inline void dispatch_own_or_accumulate(DType dtype, Fn&& fn) {
  if (dtype == dtype_of<T>()) return fn(T{});
  fn(accumulate_t<T>{});
}

}  // namespace genesis::kernels
