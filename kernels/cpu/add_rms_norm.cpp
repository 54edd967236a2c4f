#include "kernels/add_rms_norm.h"

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/rms_norm_row.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"

// Threads own rows; 4 s bytes per element (reads x and delta, writes residual and y), s = size of the dtype.
namespace genesis::kernels {
namespace {

template <class T, class W>
void forward(const AddRmsNormForward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.x.dim(-1), rows = o.rstd.numel();
  const Rows<T> x(o.x), delta(o.delta), residual(o.residual), y(o.y);
  const W* weight = o.weight.data<W>();
  A* rstd = o.rstd.data<A>();
  const A eps = A(o.eps);
  parallel_for(rows, row_grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T *a = x[r], *b = delta[r];
      T* sum = residual[r];
#pragma omp simd
      for (int64_t h = 0; h < width; ++h) store(sum[h], A(a[h]) + A(b[h]));
      rstd[r] = rms_norm_row(sum, weight, y[r], width, eps);
    }
  });
}

}  // namespace

void run_cpu(const AddRmsNormForward& o) {
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_accumulate<T>(o.weight.dtype(), [&](auto w) { forward<T, decltype(w)>(o); });
  });
}

}  // namespace genesis::kernels
