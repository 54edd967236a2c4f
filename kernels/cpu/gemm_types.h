#pragma once
#include "kernels/cpu/gemm.h"

namespace genesis::kernels::cpu {

/// bias_j, whose dtype is that of the operands or of the sums; 0 without a bias.
template <class T>
accumulate_t<T> bias_at(const Gemm& g, int64_t j) {
  using A = accumulate_t<T>;
  if (!g.bias) return A(0);
  return g.bias_dtype == dtype_of<T>() ? A(static_cast<const T*>(g.bias)[j])
                                       : static_cast<const A*>(g.bias)[j];
}

/// Calls fn with a value of the operands' type and one of the output's.
template <class Fn>
void dispatch_types(const Gemm& g, Fn&& fn) {
  dispatch_compute(g.in, [&](auto tag) {
    using T = decltype(tag);
    if (g.out == dtype_of<T>()) return fn(T{}, T{});
    fn(T{}, accumulate_t<T>{});
  });
}

}  // namespace genesis::kernels::cpu
