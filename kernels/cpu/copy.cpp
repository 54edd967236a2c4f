#include "kernels/copy.h"

#include <cstring>

#include "kernels/cpu/convert.h"
#include "kernels/cpu/strided.h"

// Threads own runs of at most 16384 elements. A run is a memcpy, a vector loop, or a strided loop.
namespace genesis::kernels {
namespace {

template <class S, class D>
void copy_run(const S* src, int64_t src_step, D* dst, int64_t dst_step, int64_t n) {
  if (src_step == 1 && dst_step == 1) {
    if constexpr (std::is_same_v<S, D>) {
      std::memcpy(dst, src, size_t(n) * sizeof(S));
    } else {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) convert(src[i], dst[i]);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) convert(src[i * src_step], dst[i * dst_step]);
}

}  // namespace

void run_cpu(const Copy& o) {
  if (o.dst.numel() == 0) return;
  const StridedWalk<2> walk(o.dst.shape(), {o.src.strides(), o.dst.strides()});
  dispatch_any(o.src.dtype(), [&](auto s) {
    dispatch_any(o.dst.dtype(), [&](auto d) {
      using S = decltype(s);
      using D = decltype(d);
      const S* src = o.src.data<S>();
      D* dst = o.dst.data<D>();
      const auto steps = walk.steps();
      walk.for_each_run(
          [&](const auto& at, int64_t n) { copy_run(src + at[0], steps[0], dst + at[1], steps[1], n); });
    });
  });
}

}  // namespace genesis::kernels
