#include "parallel/reduce.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "kernels/core/check.h"

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

/// Rank r's block is added to what waits for it, as a binary counter carries: two blocks of one rank each,
/// two of two, and so on.
template <class T>
void tree_sum_all(std::span<const void* const> sources, std::span<void* const> targets, int64_t count) {
  using A = typename Accumulate<T>::type;
  GENESIS_CHECK(std::has_single_bit(sources.size()), "tree_sum over ", sources.size(),
                " ranks: their number must be a power of two");
  std::vector<A> waiting(size_t(std::bit_width(sources.size())) * kBlock);  // [levels][kBlock]
  A sum[kBlock];
  for (int64_t at = 0; at < count; at += kBlock) {
    const int64_t n = std::min(kBlock, count - at);
    for (size_t r = 0; r < sources.size(); ++r) {
      const T* next = static_cast<const T*>(sources[r]) + at;
      for (int64_t i = 0; i < n; ++i) sum[i] = static_cast<A>(next[i]);
      A* level = waiting.data();
      for (size_t bits = r; bits & 1; bits >>= 1, level += kBlock)
        for (int64_t i = 0; i < n; ++i) sum[i] = combine<ReduceOp::sum, A>(level[i], sum[i]);
      std::copy_n(sum, n, level);
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
      case ReduceOp::tree_sum:
        return tree_sum_all<T>(sources, targets, count);
    }
  });
}

}  // namespace genesis::parallel
