#include "parallel/reduce.h"

#include <algorithm>

namespace genesis::parallel {
namespace {

constexpr int64_t kBlock = 2048;  // accumulators of one block stay in the first-level cache

template <class T>
struct Accumulate {
  using type = T;
};
template <>
struct Accumulate<bf16> {
  using type = float;
};
template <>
struct Accumulate<f16> {
  using type = float;
};

template <ReduceOp kOp, class A>
A combine(A a, A b) {
  if constexpr (kOp == ReduceOp::sum) {
    if constexpr (std::is_integral_v<A>) {
      using U = std::make_unsigned_t<A>;
      return static_cast<A>(U(static_cast<U>(a) + static_cast<U>(b)));  // wraps instead of overflowing
    } else {
      return a + b;
    }
  } else if constexpr (kOp == ReduceOp::max) {
    return b > a || b != b ? b : a;
  } else {
    return b < a || b != b ? b : a;
  }
}

template <class T, ReduceOp kOp>
void reduce_all(std::span<const void* const> sources, std::span<void* const> targets, int64_t count) {
  using A = typename Accumulate<T>::type;
  A sum[kBlock];
  for (int64_t at = 0; at < count; at += kBlock) {
    const int64_t n = std::min(kBlock, count - at);
    const T* first = static_cast<const T*>(sources[0]) + at;
    for (int64_t i = 0; i < n; ++i) sum[i] = static_cast<A>(first[i]);
    for (size_t r = 1; r < sources.size(); ++r) {
      const T* next = static_cast<const T*>(sources[r]) + at;
      for (int64_t i = 0; i < n; ++i) sum[i] = combine<kOp, A>(sum[i], static_cast<A>(next[i]));
    }
    for (void* target : targets) {
      T* out = static_cast<T*>(target) + at;
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(sum[i]);
    }
  }
}

}  // namespace

void reduce_in_rank_order(std::span<const void* const> sources, std::span<void* const> targets, int64_t count,
                          DType dtype, ReduceOp op) {
  dispatch_any(dtype, [&](auto tag) {
    using T = decltype(tag);
    switch (op) {
      case ReduceOp::sum:
        return reduce_all<T, ReduceOp::sum>(sources, targets, count);
      case ReduceOp::max:
        return reduce_all<T, ReduceOp::max>(sources, targets, count);
      case ReduceOp::min:
        return reduce_all<T, ReduceOp::min>(sources, targets, count);
    }
  });
}

}  // namespace genesis::parallel
