#include "kernels/fill.h"

#include "kernels/cpu/convert.h"
#include "kernels/cpu/strided.h"

namespace genesis::kernels {

void run_cpu(const Fill& o) {
  if (o.dst.numel() == 0) return;
  const StridedWalk<1> walk(o.dst.shape(), {o.dst.strides()});
  dispatch_any(o.dst.dtype(), [&](auto tag) {
    using T = decltype(tag);
    T* dst = o.dst.data<T>();
    T value;
    convert(o.value, value);
    const int64_t step = walk.steps()[0];
    walk.for_each_run([&](const auto& at, int64_t n) {
      T* run = dst + at[0];
      if (step == 1) {
        std::fill_n(run, n, value);
      } else {
        for (int64_t i = 0; i < n; ++i) run[i * step] = value;
      }
    });
  });
}

}  // namespace genesis::kernels
