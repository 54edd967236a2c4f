#include "kernels/argmax.h"

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"

namespace genesis::kernels {

void run_cpu(const Argmax& o) {
  if (o.y.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    const int64_t width = o.x.dim(-1);
    const Rows<T> x(o.x);
    int64_t* y = o.y.data<int64_t>();
    parallel_for(o.y.numel(), row_grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const T* row = x[r];
        int64_t best = 0;
        for (int64_t i = 1; i < width && A(row[best]) == A(row[best]); ++i)
          if (!(A(row[i]) <= A(row[best]))) best = i;
        y[r] = best;
      }
    });
  });
}

}  // namespace genesis::kernels
