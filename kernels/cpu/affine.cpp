#include "kernels/affine.h"

#include "kernels/cpu/store.h"
#include "kernels/cpu/strided.h"

namespace genesis::kernels {

void run_cpu(const Affine& o) {
  if (o.y.numel() == 0) return;
  const StridedWalk<2> runs(o.y.shape(), {o.x.strides(), o.y.strides()});
  dispatch_compute(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    const T* x = o.x.data<T>();
    T* y = o.y.data<T>();
    const A factor = A(o.factor), offset = A(o.offset);
    const int64_t x_step = runs.steps()[0], y_step = runs.steps()[1];
    runs.for_each_run([&](const auto& at, int64_t n) {
      const T* from = x + at[0];
      T* to = y + at[1];
      if (x_step == 1 && y_step == 1) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) store(to[i], factor * A(from[i]) + offset);
      } else {
        for (int64_t i = 0; i < n; ++i) store(to[i * y_step], factor * A(from[i * x_step]) + offset);
      }
    });
  });
}

}  // namespace genesis::kernels
