#include "kernels/accumulate.h"

#include <cstring>

#include "kernels/core/parallel_for.h"

namespace genesis::kernels {
namespace {

constexpr int64_t kGrain = 1 << 15;

template <class S, class D>
void accumulate(const S* src, D* dst, int64_t n, bool overwrite) {
  using A = std::conditional_t<std::is_same_v<S, double> || std::is_same_v<D, double>, double, float>;
  parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    if (overwrite) {
      for (int64_t i = begin; i < end; ++i) dst[i] = D(A(src[i]));
    } else {
      for (int64_t i = begin; i < end; ++i) dst[i] = D(A(dst[i]) + A(src[i]));
    }
  });
}

}  // namespace

void run_cpu(const Accumulate& op) {
  dispatch_compute(op.src.dtype(), [&](auto s) {
    dispatch_compute(op.dst.dtype(), [&](auto d) {
      using S = decltype(s);
      using D = decltype(d);
      if constexpr (std::is_same_v<S, D>) {
        if (op.overwrite) {
          if (op.dst.numel() > 0) std::memcpy(op.dst.raw(), op.src.raw(), size_t(op.dst.nbytes()));
          return;
        }
      }
      if constexpr (std::is_same_v<S, double> && std::is_same_v<D, bf16>) {
        GENESIS_CHECK(false, "accumulate: f64 into bf16 would round twice");
      } else if constexpr (std::is_same_v<D, double> && std::is_same_v<S, bf16>) {
        GENESIS_CHECK(false, "accumulate: bf16 into f64 mixes precisions that never meet");
      } else {
        accumulate(op.src.data<S>(), op.dst.data<D>(), op.dst.numel(), op.overwrite);
      }
    });
  });
}

}  // namespace genesis::kernels
